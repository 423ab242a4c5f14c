#!/usr/bin/env bash
# Generates from the contract and compiles, in build/: ./build.sh [WSDL, a file or an address]
set -euo pipefail
cd "$(dirname "$0")"
wsdl=$(realpath "${1:-../../wsdl/notigateway-v1.wsdl}" 2> /dev/null || echo "$1")
gsoap=/usr/share/gsoap
mkdir -p build
cd build
# It finds in the policy that wsse.h and wsa5.h are needed, and imports them.
wsdl2h -c -o contract.h "$wsdl" > /dev/null
soapcpp2 -c -C -L -x -w -I "$gsoap/import:$gsoap" contract.h > /dev/null
# The macros are those with which the library was compiled: they decide what its structures look like.
read -ra flags <<< "$(pkg-config --cflags gsoapssl)"
read -ra libraries <<< "$(pkg-config --libs gsoapssl)"
gcc "${flags[@]}" -w -I . -I "$gsoap" -I "$gsoap/plugin" -I "$gsoap/import" -o gsoap-ping ../ping.c soapC.c soapClient.c \
    "$gsoap"/plugin/{wsseapi,wsaapi,smdevp,mecevp}.c "$gsoap/custom/struct_timeval.c" "${libraries[@]}" -lssl -lcrypto -lz
