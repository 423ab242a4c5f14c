// Calls every operation of the Social Security's contract: accepts one notification and rejects another; prints a line of JSON
// for each call. Both have a legal effect: run it against a sandbox.
//
//   node dist/operations.js URL company stranger service.cert.pem
//
// URL is the address of either environment; company and stranger stand for NAME.key.pem and NAME.cert.pem. The stranger is
// somebody to whom nothing was ever notified, who gets a system fault.

import { readFileSync } from 'node:fs';
import { type Holder } from './signed-call.js';
import { ROLE, Wscn, WscnError } from './wscn.js';

const [url = '', companyStem = '', strangerStem = '', serviceFile = ''] = process.argv.slice(2);
const service = readFileSync(serviceFile, 'utf8');
const holder = (stem: string): Holder => ({
  key: readFileSync(`${stem}.key.pem`, 'utf8'),
  certificate: readFileSync(`${stem}.cert.pem`, 'utf8'),
});
const line = (what: object) => console.log(JSON.stringify(what));
// An answer that is not verified throws: what comes back was verified.
const show = (operation: string, ok: boolean) => line({ operation, ok, verified: true });
const packageOf = (name: string) => JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8'));

line({ versions: `xml-crypto ${packageOf('xml-crypto').version}, TypeScript ${packageOf('typescript').version}, Node ${process.versions.node}` });
const company = new Wscn(url, holder(companyStem), service);

const grantors = await company.grantors();
show('solicitarPoderdantes', grantors.every((one) => one.identifier !== undefined));
const waiting = (await company.list(ROLE.own)).filter((row) => row.state === 0);
show('consultarListadoNotificaciones', waiting.length >= 2 && waiting[0]!.role === ROLE.own);
if (waiting.length < 2) {
  console.error('fewer than two available notifications are left: take a fresh sandbox');
  process.exit(1);
}
const [first, second] = [waiting[0]!.code, waiting[1]!.code];

const acuse = await company.acuse(first, true);
show('solicitarAcuseNotificacion', acuse.includes(`<COD_NOTIFICACION>${first}</COD_NOTIFICACION>`));
const accepted = await company.send(company.sign(acuse, first, true));
const rejected = await company.decide(second, false);
show('enviarAcuseNotificacion', accepted.pdf?.subarray(0, 4).toString() === '%PDF' && rejected.pdf === undefined);
const seen = await company.view(first);
show('verNotificacionAceptada', seen.pdf !== undefined && accepted.pdf !== undefined && seen.pdf.equals(accepted.pdf));
line({ accepted: first, selladoTiempo: accepted.sealed });
line({ rejected: second, selladoTiempo: rejected.sealed });

async function fails(name: string, number: number, isFault: boolean, call: Promise<unknown>): Promise<void> {
  const error = await call.catch((thrown: unknown) => thrown);
  if (error instanceof Error && !(error instanceof WscnError)) throw error;
  show(name, error instanceof WscnError && error.number === number && error.isFault === isFault);
}
await fails('an error', 27, false, company.view(second));
await fails('a fault', 102, true, new Wscn(url, holder(strangerStem), service).grantors());
