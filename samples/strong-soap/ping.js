// Pings, lists and reads a fault with strong-soap; prints a line of JSON for each.
//
//   node ping.js URL me service.cert.pem
//
// me stands for NAME.key.pem and NAME.cert.pem.

import { readFileSync } from 'node:fs';
import strong from 'strong-soap';
import { SigningHttp } from './signing-http.js';

const [url, me, serviceFile] = process.argv.slice(2);
const read = (file) => readFileSync(file, 'utf8');
const line = (what) => console.log(JSON.stringify(what));
// An answer that is not verified throws: what comes back was verified.
const show = (operation, ok) => line({ operation, ok, verified: true });
const { version } = JSON.parse(read(new URL('node_modules/strong-soap/package.json', import.meta.url)));
line({ versions: `strong-soap ${version}, Node ${process.versions.node}` });

const http = new SigningHttp({ key: read(`${me}.key.pem`), certificate: read(`${me}.cert.pem`), service: read(serviceFile) });
const client = await new Promise((done, failed) => {
  const options = { httpClient: http, endpoint: url };
  strong.soap.createClient(`${url}?wsdl`, options, (error, made) => (error ? failed(error) : done(made)));
});

const who = await client.Ping({});
show('Ping', String(who.result.known) === 'true');
const page = await client.ListNotifications({ filter: { state: ['available'] }, pageSize: 2 });
const rows = page.result.notification;
show('ListNotifications', rows.length === 2 && rows.every((one) => one.state === 'available'));
const unknown = '00000000-0000-4000-8000-000000000000';
try {
  await client.RetrieveDocument({ id: unknown, documentId: unknown });
  show('a fault', false);
} catch (error) {
  const fault = error.root?.Envelope?.Body?.Fault;
  if (!fault) throw error;
  show('a fault', fault.detail.GatewayFault.code === 'NOTIFICATION_UNKNOWN');
}
