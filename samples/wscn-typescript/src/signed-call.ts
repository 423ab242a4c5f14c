// One signed question and its verified answer; it knows no contract. Nothing of an answer is read but the octets that were signed.

import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { DOMParser, type Element } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const WSA = 'http://www.w3.org/2005/08/addressing';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
const WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
const WSSE = `${WSS}wssecurity-secext-1.0.xsd`;
const WSU = `${WSS}wssecurity-utility-1.0.xsd`;
const X509V3 = `${WSS}x509-token-profile-1.0#X509v3`;
const BASE64 = `${WSS}soap-message-security-1.0#Base64Binary`;
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
export const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
export const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

/** Something is not proven to be the service's answer to this request. */
export class NotVerified extends Error {}

/** A key and its certificate, PEM. */
export interface Holder {
  key: string;
  certificate: string;
}

/** The one element of an answer, or the Fault; children are found by their names, in no namespace. */
export class Answer {
  constructor(private readonly element: Element) {}

  get name(): string {
    return this.element.localName ?? '';
  }

  get namespace(): string | null {
    return this.element.namespaceURI;
  }

  get children(): Answer[] {
    return elements(this.element).map((one) => new Answer(one));
  }

  all(name: string): Answer[] {
    return this.children.filter((one) => one.name === name && !one.namespace);
  }

  text(name: string): string | undefined {
    return this.all(name)[0]?.element.textContent ?? undefined;
  }

  get isFault(): boolean {
    return this.namespace === SOAP && this.name === 'Fault';
  }
}

export class SignedCall {
  private readonly token: X509Certificate;

  constructor(
    private readonly url: string,
    private readonly me: Holder,
    private readonly service: string,
  ) {
    this.token = new X509Certificate(me.certificate);
  }

  /** Sign a request with this content, send it, and return its verified answer. */
  async call(action: string, content: string): Promise<Answer> {
    // With the signer's name at its end nobody else is answered under this MessageID, which is no secret.
    const messageId = `urn:uuid:${randomUUID()}#${createHash('sha256').update(this.token.raw).digest('hex')}`;
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'Content-Type': 'text/xml; charset=utf-8', SOAPAction: `"${action}"` },
      body: this.sign(action, messageId, content),
      redirect: 'error',
      signal: AbortSignal.timeout(60_000),
    });
    return this.verify(await response.text(), messageId);
  }

  private sign(action: string, messageId: string, content: string): string {
    const now = Date.now();
    const id = (name: string) => `wsu:Id="${name}-${randomUUID()}"`;
    const tokenId = `X509-${randomUUID()}`;
    // WSCN asks for no Timestamp; with it, and with a MessageID, no two requests are alike.
    const envelope =
      `<soap:Envelope xmlns:soap="${SOAP}" xmlns:wsa="${WSA}" xmlns:wsse="${WSSE}" xmlns:wsu="${WSU}"><soap:Header>` +
      `<wsse:Security soap:mustUnderstand="1"><wsu:Timestamp ${id('TS')}>` +
      `<wsu:Created>${new Date(now).toISOString()}</wsu:Created>` +
      `<wsu:Expires>${new Date(now + 300_000).toISOString()}</wsu:Expires></wsu:Timestamp>` +
      `<wsse:BinarySecurityToken wsu:Id="${tokenId}" ValueType="${X509V3}" EncodingType="${BASE64}">` +
      `${this.token.raw.toString('base64')}</wsse:BinarySecurityToken></wsse:Security>` +
      `<wsa:MessageID ${id('ID')}>${messageId}</wsa:MessageID><wsa:Action ${id('Action')}>${action}</wsa:Action>` +
      `</soap:Header><soap:Body ${id('Body')}>${content}</soap:Body></soap:Envelope>`;
    const signature = new SignedXml({
      privateKey: this.me.key,
      signatureAlgorithm: RSA_SHA256,
      canonicalizationAlgorithm: EXCLUSIVE,
      idMode: 'wssecurity',
      getKeyInfoContent: () =>
        `<wsse:SecurityTokenReference><wsse:Reference URI="#${tokenId}" ValueType="${X509V3}"/></wsse:SecurityTokenReference>`,
    });
    const header = "/*/*[local-name() = 'Header']";
    for (const part of [
      "/*/*[local-name() = 'Body']",
      `${header}/*/*[local-name() = 'Timestamp']`,
      `${header}/*[local-name() = 'MessageID']`,
      `${header}/*[local-name() = 'Action']`,
    ]) {
      signature.addReference({ xpath: part, transforms: [EXCLUSIVE], digestAlgorithm: SHA256 });
    }
    signature.computeSignature(envelope, {
      prefix: 'ds',
      location: { reference: `${header}/*[local-name() = 'Security']`, action: 'append' },
      existingPrefixes: { wsse: WSSE, wsu: WSU },
    });
    return signature.getSignedXml();
  }

  /** Return what the Body holds: signed by the pinned certificate, fresh, and an answer to that request. */
  private verify(xml: string, messageId: string): Answer {
    const header = only(root(xml), SOAP, 'Header');
    const node = only(only(header, WSSE, 'Security'), DS, 'Signature');
    const signature = new SignedXml({ publicCert: this.service, idMode: 'wssecurity', getCertFromKeyInfo: () => null });
    signature.loadSignature(node.toString());
    if (signature.signatureAlgorithm !== RSA_SHA256 || !signature.checkSignature(xml)) {
      throw new NotVerified('the signature of this answer is not valid');
    }
    // xml-crypto gives the octets whose digests were right: these are read, and nothing of what came with them.
    const signed = signature.getSignedReferences().map(root);
    const body = one(signed, SOAP, 'Body');
    const expires = only(one(signed, WSU, 'Timestamp'), WSU, 'Expires').textContent ?? '';
    if (!(new Date(expires).getTime() > Date.now())) throw new NotVerified('this answer is old');
    const content = elements(body);
    if (content.length !== 1) throw new NotVerified(`${content.length} elements in the Body instead of one`);
    const answer = new Answer(content[0]!);
    const relates = signed.filter((part) => is(part, WSA, 'RelatesTo'));
    if (relates.length === 1 && relates[0]!.textContent?.trim() === messageId) return answer;
    if (relates.length === 0 && answer.isFault) {
      // A refused signature proves no MessageID: this may say why the request was refused, or come from elsewhere.
      throw new NotVerified(`a fault that names no request: ${answer.text('faultstring')}`);
    }
    throw new NotVerified('this answers another request');
  }
}

/** The root of a document; xmldom throws where it is not well-formed, and what it mends is not what was signed. */
export function root(xml: string): Element {
  const stop = (_level: string, message: string): never => {
    throw new NotVerified(`no XML that is read: ${message}`);
  };
  const document = new DOMParser({ onError: stop }).parseFromString(xml, 'text/xml');
  if (document.doctype || !document.documentElement) throw new NotVerified('no document that is read');
  return document.documentElement;
}

export function elements(parent: Element): Element[] {
  return Array.from(parent.childNodes).filter((node): node is Element => node.nodeType === 1);
}

function is(element: Element, namespace: string | null, name: string): boolean {
  return element.localName === name && (element.namespaceURI || null) === namespace;
}

function one(found: Element[], namespace: string | null, name: string): Element {
  const [first, ...others] = found.filter((element) => is(element, namespace, name));
  if (!first || others.length) throw new NotVerified(`not one element ${name}`);
  return first;
}

export function only(parent: Element, namespace: string | null, name: string): Element {
  return one(elements(parent), namespace, name);
}
