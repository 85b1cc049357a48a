// A client made of npm's smpp: sends the messages of a plan with the texts
// encoded by itself, answers what is delivered to it, and writes down what
// it got, one JSON object a line.
//
//   node foreign_node.js PORT SYSTEM_ID PASSWORD PLAN LEDGER DELIVERIES [drop]
//
// drop: when half is sent and answered, the connection is cut without a word
// and what is delivered is not acknowledged; then it binds again.
// It ends when each part is answered, that many deliver_sm came and then
// nothing for 2 s; or by its alarm. NODE_PATH says where smpp lies.
'use strict';
const fs = require('fs');
const smpp = require('smpp');

const [port, systemId, password, planPath, path, wantedText, drop] =
    process.argv.slice(2);
const wanted = Number(wantedText);
const WINDOW = 50;
const ledger = fs.openSync(path, 'a');
const parts = [];
let inFlight = 0, next = 0, delivered = 0, ended = false, quiet = null;
let session = null, halt = Infinity, unheard = 0;

for (const m of JSON.parse(fs.readFileSync(planPath)))
    m.parts.forEach((part, number) => parts.push([m, part, number]));

function note(object) {
    fs.writeSync(ledger, JSON.stringify(object) + '\n');
}

function fail(why) {
    console.error(why);
    process.exit(1);
}

setTimeout(() => fail(`not done in time: ${next} of ${parts.length} sent, ` +
    `${inFlight} unanswered, ${delivered} of ${wanted} delivered`),
    75000).unref();

function fieldsOf(m, part) {
    const fields = Object.assign({}, m.fields);
    const message = part.text === undefined ?
        Buffer.from(part.octets, 'hex') : part.text;
    const key = part.payload ? 'message_payload' : 'short_message';
    // Buffers pass as they are; with a header it makes one of both.
    fields[key] = typeof message === 'string' || part.udh ?
        { message } : message;
    if (part.udh)
        fields[key].udh = Buffer.from(part.udh, 'hex');
    for (const [name, [, value]] of Object.entries(part.tlvs || {}))
        fields[name] = value;
    return fields;
}

function connect() {
    session = smpp.connect({ url: `smpp://127.0.0.1:${port}` }, () => {
        session.bind_transceiver({
            system_id: systemId, password, interface_version: 0x34,
        }, (answer) => {
            if (answer.command_status)
                fail(`bind: status ${answer.command_status}`);
            more();
        });
    });
    session.on('deliver_sm', onDeliver);
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('unknown', () => fail('a command that smpp does not know'));
    session.on('error', (e) => fail(`error: ${e.message}`));
    session.on('close', onClose);
}

function cut() {
    note({ what: 'cut', unheard });
    halt = Infinity;
    session.destroy();
}

function onClose() {
    if (ended)
        return;
    if (!drop || halt !== Infinity || next > parts.length / 2 + WINDOW)
        fail('the connection ended');
    setTimeout(connect, 500);
}

function more() {
    if (next >= halt && inFlight === 0)
        return void setTimeout(cut, 300);
    while (inFlight < WINDOW && next < Math.min(parts.length, halt)) {
        const [m, part, number] = parts[next++];
        inFlight++;
        session[m.via](fieldsOf(m, part), (answer) => {
            inFlight--;
            note({ what: 'resp', n: m.n, part: number,
                status: answer.command_status, id: answer.message_id || '' });
            more();
        });
    }
    endWhenQuiet();
}

function endWhenQuiet() {
    clearTimeout(quiet);
    if (next < parts.length || inFlight || delivered < wanted)
        return;
    quiet = setTimeout(() => {
        session.unbind((answer) => {
            if (answer.command_status)
                fail('unbind');
            note({ what: 'unbound' });
            ended = true;
            session.close();
        });
    }, 2000);
}

function onDeliver(pdu) {
    if (next >= halt && inFlight === 0) {
        unheard++; // it is to come again
        return;
    }
    delivered++;
    session.send(pdu.response());
    const message = pdu.short_message;
    const tlvs = {};
    for (const name of ['receipted_message_id', 'message_state',
        'sar_msg_ref_num', 'sar_total_segments', 'sar_segment_seqnum'])
        if (pdu[name] !== undefined)
            tlvs[name] = pdu[name];
    const got = { what: 'deliver', source: pdu.source_addr,
        dest: pdu.destination_addr, esm_class: pdu.esm_class,
        data_coding: pdu.data_coding, tlvs,
        udh: message.udh ? Buffer.concat(message.udh).toString('hex') : '' };
    const body = pdu.message_payload ? pdu.message_payload.message :
        message.message;
    if (Buffer.isBuffer(body))
        got.octets = body.toString('hex');
    else
        got.text = body;
    note(got);
    endWhenQuiet();
}

if (drop)
    halt = Math.floor(parts.length / 2);
connect();
