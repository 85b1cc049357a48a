#!/usr/bin/perl
# A carrier made of Debian's libnet-smpp-perl: foreign software that Volley
# binds to. It accepts every message, receipts it, lets the phone answer, and
# writes down what it read, one line each.
#
#   perl_carrier.pl PORT LEDGER
use strict;
use warnings;
use IO::Select;
use Net::SMPP;

my ($port, $path) = @ARGV;
open(my $ledger, '>>', $path) or die "$path: $!";
$ledger->autoflush(1);

my $listener = Net::SMPP->new_listen('127.0.0.1', port => $port,
    smpp_version => 0x34, interface_version => 0x34, async => 1)
    or die "port $port: $!";
my $select = IO::Select->new($listener);
my $next_id = 0;

sub note { print $ledger join("\t", @_), "\n"; }

sub hex_of { return unpack 'H*', $_[0]; }

# A deliver_sm with the receipt's text, and the fields of a real one.
sub receipt {
    my ($link, $in, $id) = @_;
    my $text = sprintf 'id:%s sub:001 dlvrd:001 submit date:2511210930 '
        . 'done date:2511210931 stat:DELIVRD err:000 text:%s', $id,
        substr($in->{short_message}, 0, 20);
    $link->deliver_sm(async => 1,
        source_addr_ton => 1, source_addr_npi => 1,
        source_addr => $in->{destination_addr},
        dest_addr_ton => 1, dest_addr_npi => 1,
        destination_addr => $in->{source_addr},
        esm_class => 0x04, short_message => $text);
}

sub reply {
    my ($link, $in) = @_;
    $link->deliver_sm(async => 1,
        source_addr_ton => 1, source_addr_npi => 1,
        source_addr => $in->{destination_addr},
        dest_addr_ton => 1, dest_addr_npi => 1,
        destination_addr => $in->{source_addr},
        short_message => 'Perl says thanks');
}

my %answer = (
    Net::SMPP::CMD_bind_transceiver() => sub {
        my ($link, $in) = @_;
        note('BIND', $in->{system_id}, $in->{password},
            $in->{interface_version});
        $link->bind_transceiver_resp(system_id => 'perl',
            status => 0, seq => $in->{seq});
    },
    Net::SMPP::CMD_enquire_link() => sub {
        my ($link, $in) = @_;
        note('ENQUIRE');
        $link->enquire_link_resp(seq => $in->{seq});
    },
    Net::SMPP::CMD_submit_sm() => sub {
        my ($link, $in) = @_;
        my $id = sprintf 'perl-%06d', ++$next_id;
        note('SUBMIT', $id, $in->{source_addr}, $in->{destination_addr},
            $in->{esm_class}, $in->{data_coding},
            $in->{registered_delivery}, hex_of($in->{short_message}));
        $link->submit_sm_resp(message_id => $id, seq => $in->{seq});
        receipt($link, $in, $id);
        reply($link, $in) if $in->{short_message} =~ /question/;
    },
    Net::SMPP::CMD_deliver_sm_resp() => sub {
        my ($link, $in) = @_;
        note('DELIVER_RESP', $in->{seq}, $in->{status});
    },
    Net::SMPP::CMD_unbind() => sub {
        my ($link, $in) = @_;
        note('UNBIND');
        $link->unbind_resp(seq => $in->{seq});
    },
);

while (my @ready = $select->can_read) {
    for my $link (@ready) {
        if ($link == $listener) {
            my $new = $listener->accept or next;
            $select->add($new);
            next;
        }
        my $in = $link->read_pdu;
        if (!$in) {
            $select->remove($link);
            $link->close;
            next;
        }
        my $act = $answer{ $in->{cmd} };
        if ($act) { $act->($link, $in); }
        else { note('UNKNOWN', $in->{cmd}); }
    }
}
