#!/usr/bin/perl
# smsc_netsmpp.pl PORT - a client of another house (libnet-smpp-perl) binds to
# the simulated carrier, submits, and gets a receipt and a reply.
use strict;
use warnings;
use Net::SMPP;

my $port = shift;
$SIG{ALRM} = sub { die "no answer in 10 s\n" };
alarm 10;

my ($smpp, $answer) = Net::SMPP->new_transceiver(
    '127.0.0.1',
    port              => $port,
    smpp_version      => 0x34,
    interface_version => 0x34,
    system_id         => 'volley',
    password          => 'secret',
) or die "bind: $!\n";
die sprintf("bind: status 0x%08x\n", $answer->status) if $answer->status;

my $resp = $smpp->submit_sm(
    source_addr_ton     => 1,
    source_addr_npi     => 1,
    source_addr         => '12125550101',
    dest_addr_ton       => 1,
    dest_addr_npi       => 1,
    destination_addr    => '447700900001',
    registered_delivery => 1,
    short_message       => 'Hello from Perl',
);
die "submit: no answer\n" unless $resp;
die sprintf("submit: status 0x%08x\n", $resp->status) if $resp->status;

my ($receipt, $reply);
for (1 .. 2) {
    my $pdu = $smpp->read_pdu() or die "read: $!\n";
    die sprintf("unexpected 0x%08x\n", $pdu->cmd)
        unless $pdu->cmd == Net::SMPP::CMD_deliver_sm;
    if ($pdu->{esm_class} == 4) { $receipt = $pdu }
    else                        { $reply   = $pdu }
    $smpp->deliver_sm_resp(message_id => '', seq => $pdu->{seq});
}
die "receipt: $receipt->{short_message}\n"
    unless $receipt->{short_message} =~
    /^id:\Q$resp->{message_id}\E sub:001 .* stat:DELIVRD err:000 text:Hello/;
die "receipt: source $receipt->{source_addr}\n"
    unless $receipt->{source_addr} eq '447700900001'
    && $receipt->{destination_addr} eq '12125550101';
die "reply: $reply->{short_message}\n"
    unless $reply->{short_message} eq 'yes 1';

my $unbound = $smpp->unbind();
die "unbind\n" if $unbound->status;
print "ok   Net::SMPP binds, submits, gets its receipt and a reply\n";
