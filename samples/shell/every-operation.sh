#!/usr/bin/env bash
# Calls every operation of the contract and one that fails; prints a line of JSON for each.
# Accepting and rejecting have a legal effect: run it against a sandbox.
#
#     ./every-operation.sh URL company attorney service.cert.pem
#
# company and attorney stand for NAME.key.pem and NAME.cert.pem; the company's is its representative's.
set -euo pipefail
cd "$(dirname "$0")"

export GATEWAY_URL=$1 GATEWAY_SERVICE=$4
company=$2 attorney=$3
xmlsec=$(xmlsec1 --version | cut -d' ' -f2)
echo "{\"versions\": \"xmlsec1 $xmlsec, $(openssl version | cut -d' ' -f1,2), bash ${BASH_VERSION%%(*}\"}"

as() { # as HOLDER OPERATION [CONTENT]: the verified answer; gateway.sh ends the script where it is not
    GATEWAY_KEY=$1.key.pem GATEWAY_CERT=$1.cert.pem ./gateway.sh "${@:2}"
}
every() { # every NAME ANSWER: the text of each such element, one a line
    xmllint --xpath "//*[local-name()='$1']/text()" - <<< "$2"
}
first() { every "$@" | sed -n 1p; }
show() { # show OPERATION CONDITION…: the answer was verified, or we would not be here
    local ok=false
    if [[ -n "$3" && "$2" == "$3" ]]; then ok=true; fi
    echo "{\"operation\": \"$1\", \"ok\": $ok, \"verified\": true}"
}
in_days() { date -u -d "+$1 days" +%Y-%m-%dT%H:%M:%SZ; }

answer=$(as "$company" Ping)
show Ping "$(first known "$answer")" true

answer=$(as "$company" ListNotifications '<filter><state>available</state></filter><pageSize>2</pageSize>')
mapfile -t ids < <(every id "$answer" 2> /dev/null)
if ((${#ids[@]} < 2)); then
    echo "fewer than two available notifications are left: take a fresh sandbox" >&2
    exit 1
fi
show ListNotifications "$(every state "$answer" | xargs)" "available available"
one="<id>${ids[0]}</id>" other="<id>${ids[1]}</id>"
cursor=$(first nextCursor "$(as "$company" ListChanges '<fromNow>true</fromNow>')")

answer=$(as "$company" AcceptNotifications "$one")
show AcceptNotifications "$(first xml "$answer" | base64 -d | sha256sum | cut -d' ' -f1)" "$(first sha256 "$answer")"
answer=$(as "$company" RejectNotifications "$other<reason>No procede: &lt;ver&gt; &amp; archivar</reason>")
show RejectNotifications "$(first outcome "$answer")" decided
answer=$(as "$company" RetrieveReceipts "$one$other")
show RetrieveReceipts "$(grep -o '<item>' <<< "$answer" | wc -l) $(grep -o "<problem>" <<< "$answer" | wc -l)" "2 0"
answer=$(as "$company" RetrieveNotifications "$one$other")
show RetrieveNotifications "$(grep -o '<problem><code>[A-Z_]*' <<< "$answer" | cut -d'>' -f3)" NOT_ACCEPTED
document=$(first documentId "$answer") hash=$(first sha256 "$answer")
answer=$(as "$company" RetrieveDocument "$one<documentId>$document</documentId>")
show RetrieveDocument "$(first content "$answer" | base64 -d | sha256sum | cut -d' ' -f1)" "$hash"

answer=$(as "$company" ListChanges "<cursor>$cursor</cursor>")
show ListChanges "$(every id "$answer" | head -1)" "${ids[0]}"
answer=$(as "$company" GetSummary)
show GetSummary "$(first state "$answer" | wc -l)" 1
answer=$(as "$company" GetHistory "$one")
show GetHistory "$(every state "$answer" | tail -1)" accepted
answer=$(as "$company" MarkNotifications "$one<downloaded>true</downloaded><addLabel>visto</addLabel>")
show MarkNotifications "$(grep -o '<label><label>[a-z]*' <<< "$answer" | cut -d'>' -f3)" visto

# A witness keeps the head, and asks the next time for the proof from its size to the new one's.
answer=$(as "$company" GetLogHead)
show GetLogHead "$(xmllint --xpath "count(//*[local-name()='GetLogHeadResponse'])" - <<< "$answer")" 1
answer=$(as "$company" ProveConsistency "<oldSize>0</oldSize><newSize>0</newSize>")
show ProveConsistency "$(first newSize "$answer")" 0

answer=$(as "$company" ListRepresentations)
show ListRepresentations "$(first role "$answer")" own
assignment="<assignmentId>$(every assignmentId "$answer" | tail -1)</assignmentId>"
answer=$(as "$company" UnassignRed "$assignment")
show UnassignRed "$(every endsAt "$answer" | wc -l)" 1
answer=$(as "$company" ReassignRed "$assignment")
show ReassignRed "$(grep -c endsAt <<< "$answer" || true)" 0

answer=$(as "$company" ListMatters)
show ListMatters "$(every code "$answer" | grep -cx 9900101)" 1
answer=$(as "$attorney" Ping)
terms="<attorney>$(first identifier "$answer")</attorney><attorneyName>$(first name "$answer")</attorneyName>"
terms+='<scope>procedure</scope><value>9900101</value><specialCategory>false</specialCategory>'
answer=$(as "$company" GrantPower "$terms<expiresAt>$(in_days 365)</expiresAt>")
show GrantPower "$(first scope "$answer")" procedure
power="<powerId>$(first powerId "$answer")</powerId>"
answer=$(as "$attorney" AcceptPower "$power")
show AcceptPower "$(every acceptedAt "$answer" | wc -l)" 1
answer=$(as "$company" ExtendPower "$power<expiresAt>$(in_days 730)</expiresAt>")
show ExtendPower "$(first expiresAt "$answer" | cut -dT -f1)" "$(in_days 730 | cut -dT -f1)"
answer=$(as "$company" ListPowers '<pageSize>1000</pageSize>')
show ListPowers "$(grep -c "$(first powerId "$power")" <<< "$answer")" 1
worker='<person>00000014Z</person><personName>Celia Prueba</personName><allClients>true</allClients>'
answer=$(as "$company" GrantUser "$worker<mayDecide>false</mayDecide>")
user="<userId>$(first userId "$answer")</userId>"
show GrantUser "$(first mayDecide "$answer")" false
answer=$(as "$company" ListUsers '<pageSize>1000</pageSize>')
show ListUsers "$(grep -c "$user" <<< "$answer")" 1
answer=$(as "$company" EndUser "$user")
show EndUser "$(every endsAt "$answer" | wc -l)" 1
answer=$(as "$company" CertifyPower "$power")
show CertifyPower "$(first xml "$answer" | base64 -d | sha256sum | cut -d' ' -f1)" "$(first sha256 "$answer")"
answer=$(as "$company" RevokePower "$power")
show RevokePower "$(every endedAt "$answer" | wc -l)" 1
again="<powerId>$(first powerId "$(as "$company" GrantPower "$terms<expiresAt>$(in_days 366)</expiresAt>")")</powerId>"
as "$attorney" AcceptPower "$again" > /dev/null
answer=$(as "$attorney" RenouncePower "$again")
show RenouncePower "$(every endedAt "$answer" | wc -l)" 1

answer=$(as "$company" Ping)
terms="<attorney>$(first identifier "$answer")</attorney><attorneyName>$(first name "$answer")</attorneyName>"
answer=$(as "$attorney" GrantPower "$terms<scope>general</scope><expiresAt>$(in_days 365)</expiresAt>")
mine="<powerId>$(first powerId "$answer")</powerId>"
answer=$(as "$company" MakeResponsibleStatement "$mine<statutesAllowRepresentation>true</statutesAllowRepresentation>")
show MakeResponsibleStatement "$(first state "$answer")" pending
as "$company" RenouncePower "$mine" > /dev/null

answer=$(as "$company" GetDeliveryChannel)
show GetDeliveryChannel "$(every obliged "$answer" | wc -l)" 1
answer=$(as "$company" SetDeliveryChannel '<channel>electronic</channel>')
show SetDeliveryChannel "$(first channel "$answer")" electronic
answer=$(as "$company" SetReceivingAlone '<receivingAlone>false</receivingAlone>')
show SetReceivingAlone "$(first receivingAlone "$answer")" false
answer=$(as "$company" SetContacts '<address>avisos@example.org</address>')
show SetContacts "$(first address "$answer")" avisos@example.org
answer=$(as "$company" GetContacts)
show GetContacts "$(first address "$answer")" avisos@example.org
answer=$(as "$company" Subscribe '<kind>webhook</kind><url>https://127.0.0.1:9443/hook</url>')
hook="<subscriptionId>$(first subscriptionId "$answer")</subscriptionId>"
show Subscribe "$(first kind "$answer")" webhook
answer=$(as "$company" ListSubscriptions)
show ListSubscriptions "$(grep -c "$hook" <<< "$answer")" 1
answer=$(as "$company" ListDeadDeliveries "$hook")
show ListDeadDeliveries "$(first hasMore "$answer")" false
answer=$(as "$company" ReplayDeliveries "$hook")
show ReplayDeliveries "$(first replayed "$answer")" 0
answer=$(as "$company" Unsubscribe "$hook")
show Unsubscribe "$(first ended "$answer")" unsubscribed

unknown=00000000-0000-4000-8000-000000000000
code=0 && answer=$(as "$company" RetrieveDocument "<id>$unknown</id><documentId>$unknown</documentId>") || code=$?
show "a fault" "$code $(first code "$answer")" "3 NOTIFICATION_UNKNOWN"
