# frozen_string_literal: true

# Calls every operation of the contract and one that fails; prints a line of JSON for each.
# Accepting and rejecting have a legal effect: run it against a sandbox.
#
#   ruby every_operation.rb URL company attorney service.cert.pem
#
# company and attorney stand for NAME.key.pem and NAME.cert.pem; the company's is its representative's.

require 'digest'
require 'json'
require_relative 'gateway'

URL, COMPANY, ATTORNEY, SERVICE = ARGV
UNKNOWN = '00000000-0000-4000-8000-000000000000'
$stdout.sync = true

def line(**what)
  puts what.to_json
end

# An answer that is not verified raises: what comes back was verified.
def show(gateway, operation, **elements)
  answer = gateway.call(operation, **elements)
  line(operation: operation, ok: yield(answer) ? true : false, verified: true)
  answer
end

def connect(stem)
  Gateway.new(URL, "#{stem}.key.pem", "#{stem}.cert.pem", SERVICE)
end

def in_days(days)
  (Time.now.utc + (days * 86_400)).strftime('%Y-%m-%dT%H:%M:%SZ')
end

def same?(hash, base64)
  Digest::SHA256.hexdigest(base64.unpack1('m')) == hash
end

line(versions: "Ruby #{RUBY_VERSION}, nokogiri #{Nokogiri::VERSION}, #{OpenSSL::OPENSSL_LIBRARY_VERSION}")
company = connect(COMPANY)
attorney = connect(ATTORNEY)

show(company, 'Ping') { |one| one['known'] == 'true' }
page = show(company, 'ListNotifications', filter: { state: ['available'] }, pageSize: 2) do |one|
  one.all('notification').map { |each| each['state'] } == %w[available available]
end
abort 'fewer than two available notifications are left: take a fresh sandbox' if page.all('notification').size < 2
first, second = page.all('notification').map { |one| one['id'] }
cursor = company.call('ListChanges', fromNow: true)['nextCursor']

show(company, 'AcceptNotifications', id: [first]) do |one|
  item = one.at('item')
  item['outcome'] == 'decided' && same?(item.at('receipt')['sha256'], item.at('receipt')['xml'])
end
show(company, 'RejectNotifications', id: [second], reason: 'No procede: <ver> & archivar') do |one|
  one.at('item')['outcome'] == 'decided'
end
show(company, 'RetrieveReceipts', id: [first, second]) { |one| one.all('item').all? { |item| item.at('receipt') } }
accepted, = show(company, 'RetrieveNotifications', id: [first, second]) do |one|
  one.all('item').last.at('problem')['code'] == 'NOT_ACCEPTED'
end.all('item')
document = accepted.at('document')
show(company, 'RetrieveDocument', id: first, documentId: document['documentId']) do |one|
  same?(document['sha256'], one['content'])
end

show(company, 'ListChanges', cursor: cursor) do |one|
  one.all('change').any? { |each| each.at('notification')['id'] == first && each['state'] == 'accepted' }
end
show(company, 'GetSummary') { |one| one.all('byState').sum { |each| each['count'].to_i } == one['total'].to_i }
show(company, 'GetHistory', id: first) do |one|
  one.all('event').select { |each| each['decisive'] == 'true' }.map { |each| each['state'] } == ['accepted']
end
show(company, 'MarkNotifications', id: first, downloaded: true, addLabel: 'visto') do |one|
  one.at('item').at('marks').all('label').any? { |each| each['label'] == 'visto' }
end

# A witness keeps the head, and asks the next time for the proof from its size to the new one's.
show(company, 'GetLogHead') { |one| one['head'].to_s.empty? || one['head'].length > 100 }
show(company, 'ProveConsistency', oldSize: 0, newSize: 0) { |one| one['newSize'] == '0' && one.all('hash').empty? }

titles = show(company, 'ListRepresentations') { |one| one.at('representation')['role'] == 'own' }
assignment = titles.all('redAssignment').last['assignmentId']
show(company, 'UnassignRed', assignmentId: assignment) { |one| one.at('redAssignment')['endsAt'] }
show(company, 'ReassignRed', assignmentId: assignment) { |one| one.at('redAssignment')['endsAt'].nil? }

show(company, 'ListMatters') do |one|
  one.all('matter').flat_map { |each| each.all('procedure') }.any? { |each| each['code'] == '9900101' }
end
other = attorney.call('Ping').at('party')
terms = {
  attorney: other['identifier'], attorneyName: other['name'], scope: 'procedure', value: '9900101', specialCategory: false,
  expiresAt: in_days(365)
}
power = show(company, 'GrantPower', **terms) { |one| one.at('power')['powerId'] }.at('power')['powerId']
show(attorney, 'AcceptPower', powerId: power) { |one| one.at('power')['acceptedAt'] }
show(company, 'ExtendPower', powerId: power, expiresAt: in_days(730)) do |one|
  one.at('power')['expiresAt'] > terms[:expiresAt]
end
show(company, 'ListPowers', pageSize: 1000) { |one| one.all('power').any? { |each| each['powerId'] == power } }
worker = { person: '00000014Z', personName: 'Celia Prueba', allClients: true, mayDecide: false }
user = show(company, 'GrantUser', **worker) { |one| one.at('user')['userId'] }.at('user')['userId']
show(company, 'ListUsers') { |one| one.all('user').any? { |each| each['userId'] == user } }
show(company, 'EndUser', userId: user) { |one| one.at('user')['endsAt'] }
show(company, 'CertifyPower', powerId: power) { |one| same?(one['sha256'], one['xml']) }
show(company, 'RevokePower', powerId: power) { |one| one.at('power')['endedAt'] }
again = company.call('GrantPower', **terms, expiresAt: in_days(366)).at('power')['powerId']
attorney.call('AcceptPower', powerId: again)
show(attorney, 'RenouncePower', powerId: again) { |one| one.at('power')['endedAt'] }

me = company.call('Ping').at('party')
general = { attorney: me['identifier'], attorneyName: me['name'], scope: 'general', expiresAt: in_days(365) }
mine = attorney.call('GrantPower', **general).at('power')['powerId']
show(company, 'MakeResponsibleStatement', powerId: mine, statutesAllowRepresentation: true) do |one|
  one.at('power')['state'] == 'pending'
end
company.call('RenouncePower', powerId: mine)

show(company, 'GetDeliveryChannel') { |one| one['obliged'] }
show(company, 'SetDeliveryChannel', channel: 'electronic') { |one| one['channel'] == 'electronic' }
show(company, 'SetReceivingAlone', receivingAlone: false) { |one| one['receivingAlone'] == 'false' }
show(company, 'SetContacts', address: 'avisos@example.org') { |one| one['address'] == 'avisos@example.org' }
show(company, 'GetContacts') { |one| one['address'] == 'avisos@example.org' }
hook = { kind: 'webhook', url: 'https://127.0.0.1:9443/hook' }
made = show(company, 'Subscribe', **hook) { |one| one.at('subscription')['url'] == hook[:url] }
subscription = made.at('subscription')['subscriptionId']
show(company, 'ListSubscriptions') { |one| one.all('subscription').any? { |each| each['subscriptionId'] == subscription } }
show(company, 'ListDeadDeliveries', subscriptionId: subscription) { |one| one.all('delivery').empty? }
show(company, 'ReplayDeliveries', subscriptionId: subscription) { |one| one['replayed'] == '0' }
show(company, 'Unsubscribe', subscriptionId: subscription) { |one| one.at('subscription')['ended'] == 'unsubscribed' }

begin
  company.call('RetrieveDocument', id: UNKNOWN, documentId: UNKNOWN)
  abort 'an answer where a fault was due'
rescue Gateway::Fault => e
  line(operation: 'a fault', ok: e.code == 'NOTIFICATION_UNKNOWN', verified: true)
end
