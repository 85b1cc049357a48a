// npm's smpp asks the SMPP server for all that is not a plain submit, over
// TLS, with a transmitter and a receiver of its own, and writes down each
// answer and what the receiver hears, one JSON object a line.
//
//   node foreign_ask.js TLS_PORT SYSTEM_ID PASSWORD LEDGER CERTIFICATE
'use strict';
const fs = require('fs');
const smpp = require('smpp');

const [port, systemId, password, path, certificate] = process.argv.slice(2);
const ledger = fs.openSync(path, 'a');
const NUMBER = '12125550101';
let heard = 0;

smpp.addCommand('mystery', { id: 0x77, params: {} });

function note(object) {
    fs.writeSync(ledger, JSON.stringify(object) + '\n');
}

setTimeout(() => {
    console.error('not done in time');
    process.exit(1);
}, 50000).unref();

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function connect() {
    return new Promise((done, fail) => {
        const session = smpp.connect({ url: `ssmpp://127.0.0.1:${port}`,
            ca: fs.readFileSync(certificate) }, () => done(session));
        session.on('error', fail);
        session.on('enquire_link', (pdu) => session.send(pdu.response()));
        session.on('deliver_sm', (pdu) => {
            heard++;
            session.send(pdu.response());
            note({ step: 'heard', source: pdu.source_addr,
                dest: pdu.destination_addr, esm_class: pdu.esm_class,
                text: pdu.short_message.message,
                tlvs: pdu.receipted_message_id !== undefined });
        });
    });
}

// Sends a request and writes its answer down under a name.
function ask(session, step, command, fields) {
    return new Promise((done) => session[command](fields, (answer) => {
        const body = Object.assign({}, answer);
        for (const name of ['command_length', 'command_id',
            'sequence_number', 'command_status'])
            delete body[name];
        note({ step, status: answer.command_status, answer: body });
        done(answer);
    }));
}

const bind = (session, step, how, more) => ask(session, step, how,
    Object.assign({ system_id: systemId, password, interface_version: 0x34 },
        more));

const to = (phone, text, more) => Object.assign({
    source_addr_ton: 1, source_addr_npi: 1, source_addr: NUMBER,
    dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: phone,
    registered_delivery: 1, data_coding: 0, short_message: text }, more);

const about = (id, more) => Object.assign({ message_id: id,
    source_addr_ton: 1, source_addr_npi: 1, source_addr: NUMBER }, more);

async function queries(tx) {
    const far = await ask(tx, 'far', 'submit_sm', to('447700900001',
        'Never to leave', { schedule_delivery_time: '000000010000000R' }));
    await ask(tx, 'query far', 'query_sm', about(far.message_id));
    await ask(tx, 'cancel far', 'cancel_sm', about(far.message_id, {
        dest_addr_ton: 1, dest_addr_npi: 1,
        destination_addr: '447700900001' }));
    await ask(tx, 'query cancelled', 'query_sm', about(far.message_id));
    await ask(tx, 'cancel again', 'cancel_sm', about(far.message_id, {
        dest_addr_ton: 1, dest_addr_npi: 1,
        destination_addr: '447700900001' }));
    const near = await ask(tx, 'near', 'submit_sm', to('447700900002',
        'The first wording', { schedule_delivery_time: '000000000004000R' }));
    await ask(tx, 'replace near', 'replace_sm', about(near.message_id, {
        short_message: 'The second wording', registered_delivery: 1 }));
    const many = ['447700900003', '447700900004', '447700900005'];
    await ask(tx, 'multi', 'submit_multi', to(undefined, 'To three phones', {
        destination_addr: undefined, dest_address: many.map((phone) => ({
            dest_addr_ton: 1, dest_addr_npi: 1,
            destination_addr: phone })) }));
    const now = await ask(tx, 'now', 'submit_sm',
        to('447700900008', 'At once'));
    await sleep(1500);
    await ask(tx, 'query delivered', 'query_sm', about(now.message_id));
    await ask(tx, 'query of another', 'query_sm', about(now.message_id, {
        source_addr: '12125550102' }));
    await ask(tx, 'query unknown', 'query_sm', about('4040404'));
    await ask(tx, 'replace delivered', 'replace_sm', about(now.message_id, {
        short_message: 'Too late' }));
}

async function refusals(tx, rx) {
    await ask(rx, 'submit on receiver', 'submit_sm',
        to('447700900010', 'On the wrong bind'));
    await ask(tx, 'foreign source', 'submit_sm', to('447700900011',
        'Not ours', { source_addr: '12129999999' }));
    await ask(tx, 'bad phone', 'submit_sm', to('none', 'To nobody'));
    await ask(tx, 'bad time', 'submit_sm', to('447700900012', 'When?',
        { schedule_delivery_time: '991399000000000+' }));
    await ask(tx, 'bind again', 'bind_transmitter', { system_id: systemId,
        password, interface_version: 0x34 });
    await ask(tx, 'broadcast', 'broadcast_sm', { message_id: '',
        source_addr: NUMBER, broadcast_area_identifier: ['here'] });
    await ask(tx, 'unknown command', 'mystery', {});
    for (const [step, system_id, word] of [['wrong password', systemId,
        'wrong'], ['unknown login', 'nobody', 'wrong']]) {
        const session = await connect();
        await bind(session, step, 'bind_transceiver',
            { system_id, password: word });
        session.destroy();
    }
    const third = await connect();
    await bind(third, 'one bind too many', 'bind_transceiver');
    third.destroy();
}

// An old client: no TLV may come to it, its ids are hexadecimal.
async function old() {
    const session = await connect();
    await bind(session, 'bind old', 'bind_transmitter',
        { interface_version: 0x33 });
    await ask(session, 'submit old', 'submit_sm',
        to('447700900020', 'From the past'));
    await ask(session, 'unbind old', 'unbind', {});
    session.destroy();
}

async function main() {
    const tx = await connect(), rx = await connect();
    await bind(tx, 'bind transmitter', 'bind_transmitter');
    await bind(rx, 'bind receiver', 'bind_receiver');
    await ask(tx, 'enquire', 'enquire_link', {});
    await queries(tx);
    await refusals(tx, rx);
    await ask(tx, 'unbind transmitter', 'unbind', {});
    tx.destroy();
    await old();
    for (let i = 0; i < 200 && heard < 7; i++)
        await sleep(50);
    await sleep(1000);
    await ask(rx, 'unbind receiver', 'unbind', {});
    rx.destroy();
    note({ step: 'end' });
}

main().catch((e) => {
    console.error(e);
    process.exit(1);
});
