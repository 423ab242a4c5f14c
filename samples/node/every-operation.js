// Calls every operation of the contract and one that fails; prints a line of JSON for each.
// Accepting and rejecting have a legal effect: run it against a sandbox.
//
//   node every-operation.js MODE URL company attorney service.cert.pem
//
// MODE is plain or wssecurity; company and attorney stand for NAME.key.pem and NAME.cert.pem; the company's is its representative's.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, GatewayFault } from './gateway.js';

const [mode, url, companyStem, attorneyStem, serviceFile] = process.argv.slice(2);
const idMode = mode === 'wssecurity' ? 'wssecurity' : undefined;
const service = readFileSync(serviceFile, 'utf8');
const holder = (stem) => ({
  key: readFileSync(`${stem}.key.pem`, 'utf8'),
  certificate: readFileSync(`${stem}.cert.pem`, 'utf8'),
});
const require = createRequire(import.meta.url);
const version = (name) => JSON.parse(readFileSync(require.resolve(name).replace(/node_modules\/(.*?)\/lib\/.*/, 'node_modules/$1/package.json'))).version;
console.log(
  JSON.stringify({ versions: `node-soap ${version('soap')}, xml-crypto ${version('xml-crypto')}, Node ${process.versions.node}` }),
);

const company = await connect(url, { me: holder(companyStem), service, idMode });
const attorney = await connect(url, { me: holder(attorneyStem), service, idMode });

// An answer that is not verified throws: what comes back was verified.
async function show(operation, work, check) {
  const answer = await work;
  console.log(JSON.stringify({ operation, ok: Boolean(check(answer)), verified: true }));
  return answer;
}
const list = (value) => (value === undefined || value === null ? [] : [value].flat());
const sha256 = (base64) => createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();

await show('Ping', company('Ping'), (one) => String(one.known) === 'true');
const page = await show(
  'ListNotifications',
  company('ListNotifications', { filter: { state: ['available'] }, pageSize: 2 }),
  ({ notification }) => list(notification).length === 2 && notification.every((one) => one.state === 'available'),
);
if (list(page.notification).length < 2) {
  console.error('fewer than two available notifications are left: take a fresh sandbox');
  process.exit(1);
}
const [first, second] = page.notification.map((one) => one.id);
const { nextCursor } = await company('ListChanges', { fromNow: true });

await show('AcceptNotifications', company('AcceptNotifications', { id: [first] }), ({ item }) => {
  const [{ outcome, receipt }] = list(item);
  return outcome === 'decided' && sha256(receipt.xml) === receipt.sha256;
});
await show(
  'RejectNotifications',
  company('RejectNotifications', { id: [second], reason: 'No procede: <ver> & archivar' }),
  ({ item }) => list(item)[0].outcome === 'decided',
);
await show('RetrieveReceipts', company('RetrieveReceipts', { id: [first, second] }), ({ item }) =>
  item.every(({ receipt }) => list(receipt).length > 0),
);
const { item } = await show(
  'RetrieveNotifications',
  company('RetrieveNotifications', { id: [first, second] }),
  ({ item: [, rejected] }) => rejected.problem.code,
);
const [{ documentId, sha256: hash }] = list(item[0].document);
await show('RetrieveDocument', company('RetrieveDocument', { id: first, documentId }), (one) => sha256(one.content) === hash);

await show('ListChanges', company('ListChanges', { cursor: nextCursor }), ({ change }) =>
  list(change).some((one) => one.notification.id === first && one.state === 'accepted'),
);
await show('GetSummary', company('GetSummary'), (one) => one.total >= 2);
await show('GetHistory', company('GetHistory', { id: first }), ({ event }) =>
  list(event).some((one) => String(one.decisive) === 'true' && one.state === 'accepted'),
);
await show(
  'MarkNotifications',
  company('MarkNotifications', { id: [first], downloaded: true, addLabel: ['visto'] }),
  ({ item }) => list(list(item)[0].marks.label).some((one) => one.label === 'visto'),
);

// A witness keeps the head, and asks the next time for the proof from its size to the new one's.
await show('GetLogHead', company('GetLogHead'), (one) => !one?.head || one.head.length > 100);
await show(
  'ProveConsistency',
  company('ProveConsistency', { oldSize: 0, newSize: 0 }),
  (one) => Number(one.newSize) === 0 && list(one.hash).length === 0,
);

const titles = await show('ListRepresentations', company('ListRepresentations'), ({ representation }) =>
  list(representation)[0].role === 'own',
);
const { assignmentId } = list(titles.redAssignment).at(-1);
await show('UnassignRed', company('UnassignRed', { assignmentId }), ({ redAssignment }) => redAssignment.endsAt);
await show('ReassignRed', company('ReassignRed', { assignmentId }), ({ redAssignment }) => !redAssignment.endsAt);

await show('ListMatters', company('ListMatters'), ({ matter }) =>
  list(matter).some((each) => list(each.procedure).some(({ code }) => code === '9900101')),
);
const { party } = await attorney('Ping');
const terms = {
  attorney: party.identifier, attorneyName: party.name, scope: 'procedure', value: '9900101',
  specialCategory: false, expiresAt: inDays(365),
};
const { power } = await show('GrantPower', company('GrantPower', terms), (one) => one.power.powerId);
const { powerId } = power;
await show('AcceptPower', attorney('AcceptPower', { powerId }), (one) => one.power.acceptedAt);
await show('ExtendPower', company('ExtendPower', { powerId, expiresAt: inDays(730) }), (one) => one.power.expiresAt > terms.expiresAt);
await show('ListPowers', company('ListPowers', { pageSize: 1000 }), (one) =>
  list(one.power).some((each) => each.powerId === powerId),
);
const worker = { person: '00000014Z', personName: 'Celia Prueba', allClients: true, mayDecide: false };
const { user } = await show('GrantUser', company('GrantUser', worker), (one) => one.user.userId);
await show('ListUsers', company('ListUsers'), (one) => list(one.user).some((each) => each.userId === user.userId));
await show('EndUser', company('EndUser', { userId: user.userId }), (one) => one.user.endsAt);
await show('CertifyPower', company('CertifyPower', { powerId }), (one) => sha256(one.xml) === one.sha256);
await show('RevokePower', company('RevokePower', { powerId }), (one) => one.power.endedAt);
const again = await company('GrantPower', { ...terms, expiresAt: inDays(366) });
await attorney('AcceptPower', { powerId: again.power.powerId });
await show('RenouncePower', attorney('RenouncePower', { powerId: again.power.powerId }), (one) => one.power.endedAt);

const me = (await company('Ping')).party;
const entrusted = await attorney('GrantPower', {
  attorney: me.identifier, attorneyName: me.name, scope: 'general', expiresAt: inDays(365),
});
const entrustedId = { powerId: entrusted.power.powerId };
const statement = { ...entrustedId, statutesAllowRepresentation: true };
await show('MakeResponsibleStatement', company('MakeResponsibleStatement', statement), (one) => one.power.state === 'pending');
await company('RenouncePower', entrustedId);

await show('GetDeliveryChannel', company('GetDeliveryChannel'), (one) => one.obliged !== undefined);
await show('SetDeliveryChannel', company('SetDeliveryChannel', { channel: 'electronic' }), (one) => one.channel === 'electronic');
await show('SetReceivingAlone', company('SetReceivingAlone', { receivingAlone: false }), (one) => String(one.receivingAlone) === 'false');
await show('SetContacts', company('SetContacts', { address: 'avisos@example.org' }), (one) => String(one.address) === 'avisos@example.org');
await show('GetContacts', company('GetContacts'), (one) => String(one.address) === 'avisos@example.org');
const hook = { kind: 'webhook', url: 'https://127.0.0.1:9443/hook' };
const { subscription } = await show('Subscribe', company('Subscribe', hook), (one) => one.subscription.url === hook.url);
const { subscriptionId } = subscription;
await show('ListSubscriptions', company('ListSubscriptions'), (one) =>
  list(one.subscription).some((each) => each.subscriptionId === subscriptionId),
);
await show('ListDeadDeliveries', company('ListDeadDeliveries', { subscriptionId }), (one) => list(one.delivery).length === 0);
await show('ReplayDeliveries', company('ReplayDeliveries', { subscriptionId }), (one) => Number(one.replayed) === 0);
await show('Unsubscribe', company('Unsubscribe', { subscriptionId }), (one) => one.subscription.ended === 'unsubscribed');

const unknown = '00000000-0000-4000-8000-000000000000';
const failing = company('RetrieveDocument', { id: unknown, documentId: unknown }).catch((error) => error);
await show('a fault', failing, (error) => error instanceof GatewayFault && error.code === 'NOTIFICATION_UNKNOWN');
