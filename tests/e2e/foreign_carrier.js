// A carrier made of npm's smpp. It decodes what it gets by itself, answers
// each part, receipts it in one of several dialects by the phone's last
// digit, lets phones reply, and writes down what it heard, a JSON object a
// line.
//
//   node foreign_carrier.js PORT LEDGER
//
// Last digit: 1 receipt with TLVs alone, 2 receipt by data_sm, 3 refused for
// ever, 4 two are throttled once when much has come, 5 undeliverable, 7
// replies, 8 replies at length in message_payload, 9 replies in two parts,
// the second first.
'use strict';
const fs = require('fs');
const smpp = require('smpp');

const [port, path] = process.argv.slice(2);
const ledger = fs.openSync(path, 'a');
const throttled = new Set();
let ids = 0, references = 0;

function note(object) {
    fs.writeSync(ledger, JSON.stringify(object) + '\n');
}

// The fields of all that goes from this phone back to where it came from.
function back(pdu, more) {
    return Object.assign({
        source_addr_ton: pdu.dest_addr_ton,
        source_addr_npi: pdu.dest_addr_npi,
        source_addr: pdu.destination_addr,
        dest_addr_ton: pdu.source_addr_ton,
        dest_addr_npi: pdu.source_addr_npi,
        destination_addr: pdu.source_addr,
    }, more);
}

function noted(what) {
    return (answer) => note({ what, status: answer.command_status });
}

function receipt(session, pdu, id, digit) {
    const failed = digit === '5';
    const tlvs = { receipted_message_id: id, message_state: failed ? 5 : 2 };
    const text = `id:${id} sub:001 dlvrd:00${failed ? 0 : 1} submit ` +
        'date:2511210930 done date:2511210931 stat:' +
        `${failed ? 'UNDELIV err:027' : 'DELIVRD err:000'} text:`;
    if (digit === '2')
        session.data_sm(back(pdu, { esm_class: 4, data_coding: 0,
            ...tlvs }), noted('receipt_resp'));
    else
        session.deliver_sm(back(pdu, { esm_class: 4,
            short_message: digit === '1' ? Buffer.alloc(0) : text,
            ...(digit === '1' ? tlvs : {}) }), noted('receipt_resp'));
}

// Left to itself smpp says data_coding 1 for the GSM alphabet.
function say(session, pdu, fields) {
    session.deliver_sm(back(pdu, { data_coding: 0, ...fields }), noted('reply_resp'));
}

function reply(session, pdu, digit) {
    const text = `Antwort von ${pdu.destination_addr}: ñ€ `;
    if (digit === '7')
        say(session, pdu, { short_message: text });
    else if (digit === '8')
        say(session, pdu, { message_payload: text + 'ja '.repeat(120) });
    else if (digit === '9') {
        const ref = ++references & 0xff;
        for (const part of [2, 1])
            say(session, pdu, { data_coding: 8, short_message: {
                udh: Buffer.from([5, 0, 3, ref, 2, part]),
                message: part === 1 ? text : 'да, конечно' } });
    }
}

function onSubmit(session, pdu) {
    const digit = pdu.destination_addr.slice(-1);
    if (digit === '3' || (digit === '4' && throttled.size < 2 && ids > 400 &&
        !throttled.has(pdu.destination_addr))) {
        if (digit === '4')
            throttled.add(pdu.destination_addr);
        session.send(pdu.response({ command_status: digit === '3' ?
            smpp.ESME_RINVDSTADR : smpp.ESME_RTHROTTLED }));
        return;
    }
    const id = `node-${++ids}`;
    const payload = pdu.message_payload;
    note({ what: 'submit', id, source: pdu.source_addr,
        dest: pdu.destination_addr, data_coding: pdu.data_coding,
        esm_class: pdu.esm_class,
        udh: pdu.short_message.udh ?
            Buffer.concat(pdu.short_message.udh).toString('hex') : '',
        text: payload ? payload.message : pdu.short_message.message });
    session.send(pdu.response({ message_id: id }));
    receipt(session, pdu, id, digit);
    // A phone has the whole text before it answers: its last part.
    const header = pdu.short_message.udh;
    if (!header || header[0][3] === header[0][4])
        reply(session, pdu, digit);
}

const server = smpp.createServer((session) => {
    session.on('bind_transceiver', (pdu) => {
        note({ what: 'bind', system_id: pdu.system_id,
            password: pdu.password });
        session.send(pdu.response({ system_id: 'node',
            sc_interface_version: 0x34 }));
    });
    session.on('submit_sm', (pdu) => onSubmit(session, pdu));
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('unbind', (pdu) => {
        note({ what: 'unbind' });
        session.send(pdu.response());
        session.close();
    });
    session.on('unknown', (pdu) => note({ what: 'unknown',
        command: pdu.command_id }));
    session.on('error', (e) => note({ what: 'error', text: e.message }));
});
server.listen(Number(port), '127.0.0.1');
