// The sandbox in tests of Node.js: a world for each, its clock, its journal. Copy it; it needs no package.
//
//     const sandbox = await openSandbox();
//     const world = await sandbox.world();
//     await world.clock.advance('P11D');
//     await world.remove();
//     await sandbox.close();

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

// An hour: a clock that passes thousands of deadlines answers once all that was due is done.
const PATIENCE_MS = 3_600_000;
const START_MS = 120_000;
// A world that is to go may be busy with what nobody waits for any more.
const REMOVAL_MS = 600_000;
const PAUSE_MS = 200;

/** The sandbox has refused: `code` for programs, the message for people. */
export class SandboxError extends Error {
  constructor(code, detail) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

/**
 * Use the sandbox at NOTIGATEWAY_SANDBOX_URL (with NOTIGATEWAY_SANDBOX_TOKEN) where that is set; start one
 * otherwise, by the command in NOTIGATEWAY_SANDBOX_COMMAND, or `notigateway` of the PATH.
 */
export async function openSandbox(environment = process.env) {
  const url = environment.NOTIGATEWAY_SANDBOX_URL;
  if (url) return sandboxAt(url, { token: environment.NOTIGATEWAY_SANDBOX_TOKEN });
  return startSandbox(environment.NOTIGATEWAY_SANDBOX_COMMAND ?? 'notigateway');
}

/** Use the sandbox that runs at that address, and leave it running. */
export function sandboxAt(url, { token } = {}) {
  return new Sandbox(admin(url, token), async () => {});
}

/** Start one with an empty world in a temporary folder; it ends with `close`, or with this process. */
export async function startSandbox(command = 'notigateway') {
  const folder = await mkdtemp(join(tmpdir(), 'notigateway-'));
  const readyFile = join(folder, 'ready.json');
  const log = await open(join(folder, 'server.log'), 'w');
  const options = ['sandbox', '--port', '0', '--notifications', '0', '--ready-file', readyFile];
  const child = spawn(command, options, { stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  const kill = () => child.kill();
  process.once('exit', kill);
  let failure;
  child.once('error', (error) => (failure = error));
  const close = async () => {
    process.off('exit', kill);
    const ended = once(child, 'exit');
    if (child.exitCode === null && child.signalCode === null && child.kill()) await ended;
    await rm(folder, { recursive: true, force: true });
  };
  // The file is complete when it is there.
  for (const end = Date.now() + START_MS; Date.now() < end && !failure && child.exitCode === null; await sleep(20)) {
    const ready = await readFile(readyFile, 'utf8').catch(() => null);
    if (ready !== null) return new Sandbox(admin(JSON.parse(ready).base), close);
  }
  const said = await readFile(join(folder, 'server.log'), 'utf8');
  if (!failure) await close();
  throw new SandboxError('NOT_STARTED', failure ? failure.message : said);
}

class Sandbox {
  #admin;

  constructor(calls, close) {
    this.#admin = calls;
    this.url = calls.base;
    this.close = close;
  }

  /** Make a world; wishes are notifications, seed, scenario, own_holders, freeze and name. Remove it when done. */
  async world(wishes = {}) {
    const told = await this.#admin.post('worlds', wishes);
    return new World(this.#admin.below(told.base), told, () => this.#remove(told.name));
  }

  async #remove(name) {
    for (const end = Date.now() + REMOVAL_MS; ; await sleep(PAUSE_MS)) {
      try {
        return await this.#admin.delete(`worlds/${name}`);
      } catch (error) {
        if (error.code !== 'BUSY' || Date.now() > end) throw error;
      }
    }
  }

  /** The world at the root, which all who use this sandbox share. */
  async shared() {
    return new World(this.#admin, await this.#admin.get('world'), async () => {});
  }

  /** What the library can play: each with name, title and what it shows. */
  async scenarios() {
    return (await this.#admin.get('scenarios')).scenarios;
  }
}

class World {
  #admin;

  /** `url`, `wsdl`, `issuing`, `wscn` and `wscn_test` are its addresses for a client under test. */
  constructor(calls, told, remove) {
    this.#admin = calls;
    this.remove = remove;
    Object.assign(this, told, { clock: clockOf(calls), journal: journalOf(calls) });
  }

  /** PEM for a client under test: {service, seal, passphrase, holders: {company: {certificate, key, p12}, …}}. */
  certificates() {
    return this.#admin.get('certificates');
  }

  /** What is in this world, whoever may see it; asking has no effect. */
  async notifications(filters) {
    const found = [];
    let told = { next: null };
    do {
      told = await this.#admin.get('notifications', told.next === null ? filters : { ...filters, before: told.next });
      found.push(...told.notifications);
    } while (told.next !== null && filters?.limit === undefined);
    return found;
  }

  /** One notification with its receipts; asking has no effect. */
  notification(id) {
    return this.#admin.get(`notifications/${id}`);
  }

  /** Let something happen: publish, accept, reject, lapse, outage, revoke, and what else the sandbox knows. */
  do(verb, given = {}) {
    return this.#admin.post(`do/${verb}`, given);
  }

  async publish(given) {
    return this.notification((await this.do('publish', given)).id);
  }

  scenario(name) {
    return this.#admin.post('scenario', { name });
  }

  /** Plan a fault: `world.fault('status', { status: 503, operation: 'Ping', nth: 1 })`. */
  fault(kind, selectors = {}) {
    return this.#admin.post('faults', { kind, ...selectors });
  }

  /** Make this world anew, as it was made or as wished. */
  reset(wishes = {}) {
    return this.#admin.post('reset', wishes);
  }
}

/** The clock of a world; what would have run in between has run when a call returns. */
function clockOf(calls) {
  const told = (what) => calls.post('clock', what);
  return {
    now: async () => new Date((await calls.get('clock')).now),
    advance: (by) => told({ advance: by }),
    toAfterDeadline: (id) => told({ to: 'after-deadline', notification: id }),
    set: (instant, reason) => told({ set: instant, reason }),
    freeze: (instant = true) => told({ freeze: instant }),
    thaw: () => told({ thaw: true }),
  };
}

/** What a world was asked; filters are operation, caller, code, status, after and limit. */
function journalOf(calls) {
  return {
    search: async (filters) => (await calls.get('journal', filters)).entries,
    count: async (filters) => (await calls.get('journal/count', filters)).count,
    await: async (operation, { count = 1, seconds = 5 } = {}) =>
      (await calls.get('journal/await', { operation, count, timeout: `${seconds}s` })).entries,
    explain: (number) => calls.text(`journal/${number}/explain`),
    clear: () => calls.delete('journal'),
    /** `expect('AcceptNotifications', { count: 1 })`, or `{ never: true }`; `verify` throws where it did not come so. */
    expect: (operation, wanted) => calls.post('expectations', { operation, ...wanted }),
    verify: async () => {
      const { met, expectations } = await calls.get('expectations');
      if (!met) throw new Error(`the sandbox expected something else: ${JSON.stringify(expectations.filter((one) => !one.met))}`);
    },
  };
}

function admin(url, token) {
  const base = url.replace(/(\/_sandbox)?\/*$/, '');
  const ask = async (method, path, body, accept = '*/*') => {
    const headers = { Accept: accept };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const address = `${base}/_sandbox/${path}`;
    const answer = await send(address, { method, headers, body: body && JSON.stringify(body) }).catch((error) => {
      throw new SandboxError('UNREACHABLE', `${method} ${address}: ${error.cause?.message ?? error.message}`);
    });
    if (answer.status < 300) return answer.text;
    throw refusal(answer) ?? new SandboxError('NOT_A_SANDBOX', `${method} ${address} was answered with ${answer.status}`);
  };
  return {
    base,
    below: (other) => admin(other, token),
    get: async (path, asked = {}) => {
      const query = new URLSearchParams(asked).toString();
      return JSON.parse(await ask('GET', query ? `${path}?${query}` : path));
    },
    text: (path) => ask('GET', path, undefined, 'text/plain'),
    post: async (path, body) => JSON.parse(await ask('POST', path, body)),
    delete: async (path) => void (await ask('DELETE', path)),
  };
}

/** Send a request and read its answer; not by `fetch`, which waits five minutes at most. */
async function send(address, { method, headers, body }) {
  const { request } = address.startsWith('https:') ? https : http;
  const asked = request(address, { method, headers, agent: false, signal: AbortSignal.timeout(PATIENCE_MS) });
  asked.end(body);
  const [answer] = await once(asked, 'response');
  return { status: answer.statusCode, text: await textOf(answer) };
}

/** What an answer says was refused; undefined where it says nothing of the kind. */
function refusal({ text }) {
  try {
    const { code, detail } = JSON.parse(text).error;
    return code && new SandboxError(code, detail);
  } catch {
    return undefined;
  }
}
