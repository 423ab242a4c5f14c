#!/usr/bin/env bash
# One signed call of the gateway with xmlsec1, curl and xmllint; prints the verified Body of the answer.
#
#     export GATEWAY_URL=… GATEWAY_KEY=me.key.pem GATEWAY_CERT=me.cert.pem GATEWAY_SERVICE=service.cert.pem
#     ./gateway.sh Ping
#     ./gateway.sh ListNotifications '<filter><state>available</state></filter><pageSize>10</pageSize>'
#
# The second argument is the content of the operation's element, as XML. The exit code is 0 for an answer,
# 3 for a fault (it is printed too), 4 for what the service has not signed as the answer to this request: that is
# not printed.
set -euo pipefail

operation=$1 content=${2:-}
wss=http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss
wsse=$wss-wssecurity-secext-1.0.xsd wsu=$wss-wssecurity-utility-1.0.xsd
soap=http://schemas.xmlsoap.org/soap/envelope/ wsa=http://www.w3.org/2005/08/addressing
exclusive=http://www.w3.org/2001/10/xml-exc-c14n# sha256=http://www.w3.org/2001/04/xmlenc#sha256
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# xmlsec1 must be told which attribute is an id, element by element.
ids=(--id-attr:Id "$wsu:Timestamp" --id-attr:Id "$soap:Body")
for header in To Action MessageID RelatesTo; do ids+=(--id-attr:Id "$wsa:$header"); done
# xmlsec 1.3 wants to be told, too, that the key is not the one KeyInfo names: we name it.
lax=$(xmlsec1 --help-verify 2>&1 | grep -o -m1 -e --lax-key-search || true)

# --- the request -------------------------------------------------------------------------------------

mark=$(openssl rand -hex 16)
created=$(date -u +%Y-%m-%dT%H:%M:%SZ) expires=$(date -u -d '+5 minutes' +%Y-%m-%dT%H:%M:%SZ)
token=$(openssl x509 -in "$GATEWAY_CERT" -outform DER | base64 -w0)
# New for each request. It ends with the hash of our certificate, so nobody else is answered under it.
fingerprint=$(base64 -d <<< "$token" | sha256sum | cut -d' ' -f1)
message="urn:uuid:${mark:0:8}-${mark:8:4}-4${mark:13:3}-8${mark:17:3}-${mark:20:12}#$fingerprint"

reference() {
    echo -n "<ds:Reference URI=\"#$1\"><ds:Transforms><ds:Transform Algorithm=\"$exclusive\"/></ds:Transforms>"
    echo -n "<ds:DigestMethod Algorithm=\"$sha256\"/><ds:DigestValue/></ds:Reference>"
}

# Once it is signed no byte may change: no pretty-printing, no editor that ends the last line.
cat > "$folder/template.xml" <<XML
<soap:Envelope xmlns:soap="$soap" xmlns:wsu="$wsu"><soap:Header>
<wsse:Security xmlns:wsse="$wsse" soap:mustUnderstand="1">
<wsu:Timestamp wsu:Id="TS-$mark"><wsu:Created>$created</wsu:Created><wsu:Expires>$expires</wsu:Expires></wsu:Timestamp>
<wsse:BinarySecurityToken wsu:Id="X509-$mark" ValueType="$wss-x509-token-profile-1.0#X509v3" EncodingType="$wss-soap-message-security-1.0#Base64Binary">$token</wsse:BinarySecurityToken>
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="$exclusive"/>
<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
$(for part in TS To Action MessageID Body; do reference "$part-$mark"; done)
</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><wsse:SecurityTokenReference>
<wsse:Reference URI="#X509-$mark" ValueType="$wss-x509-token-profile-1.0#X509v3"/>
</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>
</wsse:Security>
<wsa:To xmlns:wsa="$wsa" wsu:Id="To-$mark">$GATEWAY_URL</wsa:To>
<wsa:Action xmlns:wsa="$wsa" wsu:Id="Action-$mark">urn:notigateway:v1:$operation</wsa:Action>
<wsa:MessageID xmlns:wsa="$wsa" wsu:Id="MessageID-$mark">$message</wsa:MessageID>
</soap:Header><soap:Body wsu:Id="Body-$mark"><$operation xmlns="urn:notigateway:v1">$content</$operation></soap:Body></soap:Envelope>
XML
xmlsec1 --sign "${ids[@]}" --privkey-pem "$GATEWAY_KEY" --output "$folder/request.xml" "$folder/template.xml"

# --- the answer --------------------------------------------------------------------------------------

curl --silent --show-error --max-time 60 --header 'Content-Type: text/xml; charset=utf-8' \
    --header "SOAPAction: \"urn:notigateway:v1:$operation\"" \
    --data-binary "@$folder/request.xml" --output "$folder/answer.xml" "$GATEWAY_URL"

refuse() {
    echo "not verified: $1" >&2
    exit 4
}
value() { xmllint --nonet --xpath "string($1)" "$folder/answer.xml" 2> "$folder/xmllint"; }

# 1 Something is signed with the pinned certificate's key …
xmlsec1 --verify "${ids[@]}" $lax --enabled-reference-uris same-doc --pubkey-cert-pem "$GATEWAY_SERVICE" \
    "$folder/answer.xml" > "$folder/xmlsec" 2>&1 || refuse "$(head -1 "$folder/xmlsec")"
# 2 … and it is the Body that is read below, and a Timestamp that has not expired.
envelope="/*[local-name()='Envelope']" security="/*[local-name()='Header']/*[local-name()='Security']"
body="$envelope/*[local-name()='Body']" timestamp="$envelope$security/*[local-name()='Timestamp']"
signed="$envelope$security/*[local-name()='Signature']/*[local-name()='SignedInfo']/*[local-name()='Reference']/@URI"
is_signed() { [ "$(value "count($1) = 1 and $signed = concat('#', $1/@*[local-name()='Id'])")" = true ]; }
for part in "$body" "$timestamp"; do is_signed "$part" || refuse "what is read is not what is signed"; done
[[ "$(value "$timestamp/*[local-name()='Expires']")" > "$(date -u +%Y-%m-%dT%H:%M:%SZ)" ]] || refuse "this answer is old"
# 3 It is the answer to this request: the service signs answers to others too.
related="$envelope/*[local-name()='Header']/*[local-name()='RelatesTo' and namespace-uri()='$wsa']"
fault="$body/*[local-name()='Fault']"
[ "$(value "count($related) = 0 and count($fault) = 1")" = false ] \
    || refuse "a fault that is not proven to be about this request: $(value "$fault/faultstring")"
is_signed "$related" || refuse "it does not say, signed, to which request it is the answer"
[ "$(value "normalize-space($related)")" = "$message" ] || refuse "this is the answer to another request"

xmllint --nonet --xpath "$body" "$folder/answer.xml"
[ "$(value "count($fault)")" = 0 ] || { value "$fault/*[local-name()='faultstring']" >&2; exit 3; }
