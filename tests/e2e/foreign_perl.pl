#!/usr/bin/perl
# A client made of Debian's libnet-smpp-perl: sends the messages of a plan,
# answers what is delivered to it, and writes down what it got, one JSON
# object a line.
#
#   foreign_perl.pl PORT SYSTEM_ID PASSWORD PLAN LEDGER DELIVERIES
#
# It ends when each part is answered, that many deliver_sm came and then
# nothing for 2 s; or by its alarm.
use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Net::SMPP;

my ($port, $system_id, $password, $plan_path, $path, $wanted) = @ARGV;
my $window = 50;
$SIG{ALRM} = sub { die "not done in time\n" };
alarm 75;

my $json = JSON::PP->new->canonical;
open(my $ledger, '>>', $path) or die "$path: $!";
$ledger->autoflush(1);
open(my $plan, '<', $plan_path) or die "$plan_path: $!";
my $messages = $json->decode(do { local $/; <$plan> });

my ($smpp, $answer) = Net::SMPP->new_transceiver('127.0.0.1',
    port => $port, smpp_version => 0x34, interface_version => 0x34,
    system_id => $system_id, password => $password, async => 0)
    or die "bind: $!\n";
die sprintf("bind: status 0x%08x\n", $answer->status) if $answer->status;

my $select = IO::Select->new($smpp);
my (%asked, $delivered);
$delivered = 0;

sub note { print $ledger $json->encode({@_}), "\n"; }

# A TLV of so many octets, as Net::SMPP wants it.
sub tlv {
    my ($octets, $value) = @{ $_[0] };
    return pack($octets == 1 ? 'C' : $octets == 2 ? 'n' : 'N', $value);
}

sub submit {
    my ($m, $number) = @_;
    my $part   = $m->{parts}[$number];
    my %fields = %{ $m->{fields} };
    my $octets = pack 'H*', ($part->{udh} // '') . $part->{octets};
    $fields{esm_class} |= 0x40 if $part->{udh};
    $fields{ $part->{payload} ? 'message_payload' : 'short_message' }
        = $octets;
    $fields{$_} = tlv($part->{tlvs}{$_}) for keys %{ $part->{tlvs} };
    my $via = $m->{via};
    my $seq = $smpp->$via(%fields, async => 1);
    $asked{$seq} = [ $m->{n}, $number ];
}

sub on_deliver {
    my ($in) = @_;
    $delivered++;
    $smpp->deliver_sm_resp(message_id => '', seq => $in->{seq});
    my %tlvs;
    for (qw(receipted_message_id message_state sar_msg_ref_num
        sar_total_segments sar_segment_seqnum message_payload)) {
        $tlvs{$_} = unpack('H*', $in->{$_}) if defined $in->{$_};
    }
    note(what => 'deliver', source => $in->{source_addr},
        dest => $in->{destination_addr}, esm_class => $in->{esm_class},
        data_coding => $in->{data_coding},
        octets => unpack('H*', $in->{short_message}), tlvs => \%tlvs);
}

# Reads one PDU and does what it asks.
sub hear {
    my $in = $smpp->read_pdu or die "the connection ended\n";
    my $cmd = $in->cmd;
    if ($cmd == Net::SMPP::CMD_deliver_sm) { on_deliver($in) }
    elsif ($cmd == Net::SMPP::CMD_submit_sm_resp
        || $cmd == Net::SMPP::CMD_data_sm_resp) {
        my $of = delete $asked{ $in->seq } or die "an answer to nothing\n";
        note(what => 'resp', n => $of->[0], part => $of->[1],
            status => $in->status, id => $in->{message_id} // '');
    }
    elsif ($cmd == Net::SMPP::CMD_enquire_link) {
        $smpp->enquire_link_resp(seq => $in->seq);
    }
    elsif ($cmd != Net::SMPP::CMD_enquire_link_resp) {
        die sprintf("unexpected 0x%08x\n", $cmd);
    }
}

for my $m (@$messages) {
    for my $number (0 .. $#{ $m->{parts} }) {
        hear() while keys %asked >= $window || $select->can_read(0);
        submit($m, $number);
    }
}
$smpp->enquire_link(async => 1);
hear() while keys %asked || $delivered < $wanted;
hear() while $select->can_read(2);
my $unbound = $smpp->unbind or die "unbind is not answered\n";
die "unbind\n" if $unbound->status;
note(what => 'unbound');
