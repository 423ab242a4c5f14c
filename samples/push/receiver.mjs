// Receives what the gateway pushes as CloudEvents, and says each thing once, on a line of JSON. Node 20 and nothing else.
//
//   node receiver.mjs PORT https://bureau.example/hook/Zq7w… https://gateway.example/notigateway/push-keys events.jsonl
//
// A proxy in front of it speaks TLS. The last step of the address is best a secret: nobody else can subscribe you then.
import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

const COVERED = ["@method", "@target-uri", "content-type", "content-digest"];
const INPUT = /^([a-z][a-z0-9_-]*)=(\(("[^"]+"(?: "[^"]+")*)\)((?:;[a-z]+=(?:\d+|"[^"\\]*"))*))$/;
const MOST_BYTES = 256 * 1024;
const OLDEST_SECONDS = 300;
const REFETCH_SECONDS = 60;

class Refused extends Error {}

/** Proves that a message was posted by the gateway to this address (RFC 9421, RFC 9530). */
export class Verifier {
  #url; #source; #keys = new Map(); #fetchedAt = -Infinity;

  constructor(url, source) {
    this.#url = url;
    this.#source = source;
  }

  async verify(request, body) {
    const one = (name) => {
      const found = request.headersDistinct[name] ?? [];
      if (found.length !== 1) throw new Refused(`${name} is missing, or there twice`);
      return found[0].trim();
    };
    const digest = /(?:^|, ?)sha-256=:([A-Za-z0-9+/]{43}=):/.exec(one("content-digest"));
    if (digest?.[1] !== createHash("sha256").update(body).digest("base64")) throw new Refused("another body");
    const input = INPUT.exec(one("signature-input"));
    const signature = /^([a-z][a-z0-9_-]*)=:([A-Za-z0-9+/]{86}==):$/.exec(one("signature"));
    if (!input || signature?.[1] !== input[1]) throw new Refused("no signature of the form that is sent");
    const names = [...input[3].matchAll(/"([^"]+)"/g)].map((found) => found[1]);
    if (new Set(names).size !== names.length || !COVERED.every((name) => names.includes(name)))
      throw new Refused("the signature does not cover all that it must");
    const said = Object.fromEntries(
      [...input[4].matchAll(/;([a-z]+)=(?:(\d+)|"([^"\\]*)")/g)].map((found) => [found[1], found[2] ?? found[3]]));
    if (said.tag !== "notigateway-push" || said.alg !== "ecdsa-p256-sha256") throw new Refused("for something else");
    if (!(Math.abs(Date.now() / 1000 - Number(said.created)) <= OLDEST_SECONDS)) throw new Refused("too old");
    // The address from our own configuration, never from the Host header: whoever sends chooses that.
    const values = { "@method": "POST", "@target-uri": this.#url };
    const base = [...names.map((name) => `"${name}": ${values[name] ?? one(name)}`), `"@signature-params": ${input[2]}`];
    const key = { key: await this.#key(said.keyid), dsaEncoding: "ieee-p1363" };
    if (!verifySignature("sha256", Buffer.from(base.join("\n")), key, Buffer.from(signature[2], "base64")))
      throw new Refused("the signature is not over this message");
  }

  async #key(name) {
    if (!this.#keys.has(name) && performance.now() / 1000 - this.#fetchedAt > REFETCH_SECONDS) {
      this.#fetchedAt = performance.now() / 1000;
      const text = this.#source.startsWith("https://")
        ? await (await fetch(this.#source, { signal: AbortSignal.timeout(10_000) })).text()
        : readFileSync(this.#source, "utf8");
      const published = JSON.parse(text).keys.filter((key) => key.crv === "P-256");
      this.#keys = new Map(published.map((key) => [key.kid, createPublicKey({ key, format: "jwk" })]));
    }
    if (!this.#keys.has(name)) throw new Refused("signed by a key that is not published");
    return this.#keys.get(name);
  }
}

/** Remembers what came in a file of lines, each on the disk before its message is answered. */
class Store {
  #file; #seen;

  constructor(path) {
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter((line) => line.endsWith("}")) : [];
    this.#seen = new Set(lines.map((line) => JSON.parse(line).id));
    this.#file = openSync(path, "a");
    process.on("exit", () => closeSync(this.#file));
  }

  take(event) {
    if (this.#seen.has(event.id)) return;
    appendFileSync(this.#file, `${JSON.stringify(event)}\n`);
    fsyncSync(this.#file);
    this.#seen.add(event.id);
    console.log(JSON.stringify(event));
  }
}

const [port, url, keys, file] = process.argv.slice(2);
const verifier = new Verifier(url, keys);
const store = new Store(file);
const { pathname, search } = new URL(url);

async function answer(request) {
  if (request.method !== "POST" || request.url !== pathname + search) return [404];
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    if ((length += piece.length) > MOST_BYTES) return [413];
    pieces.push(piece);
  }
  const body = Buffer.concat(pieces);
  await verifier.verify(request, body);
  const event = JSON.parse(body);
  if (event.type === "notigateway.subscription.ping") return [200, JSON.stringify({ challenge: event.data.challenge })];
  store.take({ id: event.id, type: event.type, ...event.data });
  return [204];
}

const server = createServer({ requestTimeout: 10_000 }, async (request, response) => {
  let status, body;
  try {
    [status, body] = await answer(request);
  } catch (error) {
    status = error instanceof Refused ? 401 : 500;
    console.error(`${status}: ${error.message}`);
  }
  response.writeHead(status, body === undefined ? {} : { "Content-Type": "application/json" }).end(body);
});
server.listen(Number(port), "127.0.0.1", () => console.error(`READY ${server.address().port}`));
