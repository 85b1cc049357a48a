#!/bin/sh
# Makes the certificates of test_tls.c in the folder $1: a test authority, one
# that nobody trusts, and leaves that are good, expired or for another name.
set -e
cd "$1"
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$1.key" -out "$1.pem" -days 30 -subj "/CN=$1" 2>/dev/null
}
# leaf NAME AUTHORITY ALTNAME [more arguments of openssl ca]
leaf() {
    name=$1 by=$2 alt=$3
    shift 3
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>/dev/null
    : >index.txt
    printf '%s\n' \
        '[ca]' 'default_ca=d' '[d]' 'database=index.txt' 'new_certs_dir=.' \
        'default_md=sha256' 'policy=p' 'rand_serial=yes' \
        "certificate=$by.pem" "private_key=$by.key" 'unique_subject=no' \
        'x509_extensions=x' '[p]' 'commonName=supplied' \
        '[x]' "subjectAltName=$alt" >ca.cnf
    openssl ca -batch -notext -config ca.cnf -in "$name.csr" \
        -out "$name.pem" "$@" 2>/dev/null
}
authority trusted
authority stranger
leaf good trusted DNS:smsc.test,IP:127.0.0.1 -days 30
leaf client trusted DNS:esme.test -days 30
leaf expired trusted DNS:smsc.test,IP:127.0.0.1 \
    -startdate 20200101000000Z -enddate 20200201000000Z
leaf unknown stranger DNS:smsc.test,IP:127.0.0.1 -days 30
leaf other trusted DNS:elsewhere.test -days 30
