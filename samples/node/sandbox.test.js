// Ten days in an instant, as the client of this folder sees them: node --test sandbox.test.js

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from './gateway.js';
import { openSandbox } from './sandbox.js';

let sandbox;
before(async () => (sandbox = await openSandbox()));
after(() => sandbox.close());

test('what nobody opens lapses', async (t) => {
  const world = await sandbox.world();
  t.after(() => world.remove());
  const { service, holders } = await world.certificates();
  const company = await connect(world.url, { me: holders.company, service, idMode: 'wssecurity' });
  const states = async () => (await company('ListNotifications')).notification.map((one) => one.state);

  const published = await world.publish({ addressee: 'company', subject: 'Providencia de apremio' });
  await world.clock.advance('P10D');
  assert.deepEqual(await states(), ['available']);
  await world.clock.toAfterDeadline(published.id);
  assert.deepEqual(await states(), ['lapsed']);
  const { item } = await company('RetrieveReceipts', { id: [published.id] });
  assert.deepEqual(item[0].receipt.map((one) => one.state), ['available', 'lapsed']);
});

test('the journal tells how a client was answered', async (t) => {
  const world = await sandbox.world({ notifications: 1 });
  t.after(() => world.remove());
  const { service, holders } = await world.certificates();
  const company = await connect(world.url, { me: holders.company, service });
  await world.fault('fault', { code: 'TEMPORARILY_UNAVAILABLE', operation: 'Ping', nth: 1 });
  await world.journal.expect('Ping', { count: 2 });
  await world.journal.expect('AcceptNotifications', { never: true });

  await assert.rejects(company('Ping'), { code: 'TEMPORARILY_UNAVAILABLE' });
  await company('Ping');
  const told = await world.journal.search({ operation: 'Ping' });
  assert.deepEqual(told.map((one) => one.code), ['TEMPORARILY_UNAVAILABLE', 'OK']);
  await world.journal.verify();
});
