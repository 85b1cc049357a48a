// A client made of npm's smpp: sends the messages of a plan with the texts
// encoded by itself, answers what is delivered to it, and writes down what
// it got, one JSON object a line.
//
//   node foreign_node.js PORT SYSTEM_ID PASSWORD PLAN LEDGER DELIVERIES
//
// It ends when each part is answered, that many deliver_sm came and then
// nothing for 2 s; or by its alarm. NODE_PATH says where smpp lies.
'use strict';
const fs = require('fs');
const smpp = require('smpp');

const [port, systemId, password, planPath, path, wantedText] =
    process.argv.slice(2);
const wanted = Number(wantedText);
const WINDOW = 50;
const ledger = fs.openSync(path, 'a');
const parts = [];
let inFlight = 0, next = 0, delivered = 0, ended = false, quiet = null;

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

const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` }, () => {
    session.bind_transceiver({
        system_id: systemId, password, interface_version: 0x34,
    }, (answer) => {
        if (answer.command_status)
            fail(`bind: status ${answer.command_status}`);
        more();
    });
});

function more() {
    while (inFlight < WINDOW && next < parts.length) {
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

session.on('deliver_sm', (pdu) => {
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
});
session.on('enquire_link', (pdu) => session.send(pdu.response()));
session.on('unknown', () => fail('a command that smpp does not know'));
session.on('error', (e) => fail(`error: ${e.message}`));
session.on('close', () => ended || fail('the connection ended'));
