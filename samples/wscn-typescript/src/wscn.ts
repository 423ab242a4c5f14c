// A client of the Social Security's own contract (WSCN): lists, signs receipts (acuses), fetches. Copy this folder.
//
//   const wscn = new Wscn(url, { key, certificate }, service);   // PEM; url is the address of either environment
//   for (const row of await wscn.list()) …
//   const { pdf, sealed } = await wscn.decide(row.code, true);   // legal effect

import { signAcuse } from './acuse.js';
import { type Answer, type Holder, NotVerified, SignedCall } from './signed-call.js';

export const ROLE = { all: 0, own: 1, red: 2, attorney: 3 } as const;

const NAMESPACES: Record<string, string> = {
  '/INFRWSCN/WSCNService': 'http://ws.wscn.infra.gi.org/',
  '/INFRWSCN_Pruebas/WSCNPruebasService': 'http://ws.pruebas.wscn.infra.gi.org/',
};
const BUCKETS = ['notificacionesPropias', 'notificacionesAutorizadoRED', 'notificacionesApoderado'];
const CURSORS = [
  'codigoSiguienteNotificacionPropia',
  'codigoSiguienteNotificacionAutorizadoRED',
  'codigoSiguienteNotificacionApoderado',
];

/** A number other than 0 in an answer; with `isFault` that of a system fault. */
export class WscnError extends Error {
  readonly number: number;

  constructor(error: Answer, readonly isFault: boolean) {
    super(`${error.text('codigo')}: ${error.text('descripcion')} (request ${error.text('identificadorPeticion')})`);
    this.number = Number(error.text('codigo'));
  }
}

/** A row of the list; dates are `dd-MM-yyyy HH:mm:ss`, Madrid. */
export interface Row {
  code: number;
  role: number;
  state: number;
  addressee?: string;
  procedure?: string;
  availableUntil?: string;
}

/** What a decision or a view gives: the PDF, absent for a rejection, and the gateway's stamp of it. */
export interface Retrieved {
  code: number;
  pdf?: Buffer;
  sealed?: string;
}

type Values = Record<string, string | number | boolean>;

export class Wscn {
  private readonly signed: SignedCall;
  private readonly namespace: string;

  constructor(url: string, private readonly me: Holder, service: string) {
    const namespace = NAMESPACES[new URL(url).pathname];
    if (!namespace) throw new Error(`${url} is not the address of an environment`);
    this.namespace = namespace;
    this.signed = new SignedCall(url, me, service);
  }

  /** Those for whom you may act. */
  async grantors(): Promise<{ identifier?: string; name?: string }[]> {
    const found = await this.ask('solicitarPoderdantes', {});
    return found.all('poderdantes').map((one) => ({ identifier: one.text('identificador'), name: one.text('denominacion') }));
  }

  /** Every row of one bucket or of all. No legal effect. */
  async list(role: number = ROLE.all, grantor?: string): Promise<Row[]> {
    const rows = new Map<number, Row>();
    let places: number[] = [-1, -1, -1];
    for (;;) {
      const asked = { ...party(role, grantor), ...Object.fromEntries(CURSORS.map((name, at) => [name, places[at]!])) };
      const page = await this.ask('consultarListadoNotificaciones', asked);
      BUCKETS.forEach((bucket, at) => {
        // A page begins with the notification that the page before ended with: its code is the key.
        for (const one of page.all(bucket)) {
          rows.set(Number(one.text('codigo')), {
            code: Number(one.text('codigo')),
            role: at + 1,
            state: Number(one.text('estado')),
            addressee: one.text('destinatario'),
            procedure: one.text('procedimiento'),
            availableUntil: one.text('fechaFinDisponibilidad'),
          });
        }
      });
      if (page.text('hayMas') !== 'true') return [...rows.values()];
      const next = CURSORS.map((name) => Number(page.text(name)));
      if (next.join() === places.join()) throw new NotVerified('the page does not lead to the next one');
      places = next;
    }
  }

  /** Ask for the receipt, sign it, send it back: this has legal effect. */
  async decide(code: number, accepts: boolean, role: number = ROLE.own, grantor?: string): Promise<Retrieved> {
    return this.send(this.sign(await this.acuse(code, accepts, role, grantor), code, accepts), role, grantor);
  }

  /** The receipt to be signed; asking for it decides nothing. */
  async acuse(code: number, accepts: boolean, role: number = ROLE.own, grantor?: string): Promise<string> {
    const asked = { ...party(role, grantor), codigoNotificacion: code, esDeAceptacion: accepts };
    const found = await this.ask('solicitarAcuseNotificacion', asked);
    return Buffer.from(found.text('XML') ?? '', 'base64').toString('utf8');
  }

  /** Sign a receipt of exactly this notification and this decision. */
  sign(acuse: string, code: number, accepts: boolean): string {
    return signAcuse(acuse, code, accepts, this.me);
  }

  /** Send a signed receipt: this has legal effect. */
  async send(signed: string, role: number = ROLE.own, grantor?: string): Promise<Retrieved> {
    const asked = { ...party(role, grantor), xmlAcuseFirmado: Buffer.from(signed, 'utf8').toString('base64') };
    return retrieved(await this.ask('enviarAcuseNotificacion', asked));
  }

  /** What was accepted, again. */
  async view(code: number, role: number = ROLE.own, grantor?: string): Promise<Retrieved> {
    return retrieved(await this.ask('verNotificacionAceptada', { ...party(role, grantor), codigoNotificacion: code }));
  }

  /** Ask, and return the one child of the answer; children have no namespace in this contract. */
  private async ask(operation: string, values: Values): Promise<Answer> {
    const children = Object.entries(values).map(([name, value]) => `<${name}>${escaped(String(value))}</${name}>`);
    const content = `<ws:${operation} xmlns:ws="${this.namespace}">${children.join('')}</ws:${operation}>`;
    const answer = await this.signed.call(`urn:${operation}`, content);
    if (answer.isFault) {
      const error = answer.all('detail')[0]?.children[0]?.all('error')[0];
      if (!error) throw new NotVerified(`a fault of another kind: ${answer.text('faultstring')}`);
      throw new WscnError(error, true);
    }
    const [found, ...others] = answer.children;
    if (answer.namespace !== this.namespace || answer.name !== `${operation}Response` || !found || others.length) {
      throw new NotVerified(`this is no answer to ${operation}`);
    }
    const error = found.all('error')[0];
    if (error && error.text('codigo') !== '0') throw new WscnError(error, false);
    return found;
  }
}

function party(role: number, grantor?: string): Values {
  return grantor === undefined ? { rol: role } : { rol: role, identificadorPoderdante: grantor };
}

function retrieved(found: Answer): Retrieved {
  const pdf = found.text('pdfNotificacion');
  return {
    code: Number(found.text('codigoNotificacion')),
    pdf: pdf === undefined ? undefined : Buffer.from(pdf, 'base64'),
    sealed: found.text('selladoTiempo'),
  };
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
