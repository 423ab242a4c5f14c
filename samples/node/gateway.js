// A client of the gateway with node-soap: every request signed, every answer verified. Copy it.
//
// node-soap signs, but believes any answer; here nothing is returned, and no fault read, before xml-crypto
// has proven that the service signed exactly the Body that node-soap has parsed, as the answer to this request.

import { randomUUID, X509Certificate } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import soap from 'soap';
import { SignedXml } from 'xml-crypto';

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const WSA = 'http://www.w3.org/2005/08/addressing';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';

/** A fault of the gateway: `code` for programs, `detail` with textEs, textEn, retryable, correlationId. */
export class GatewayFault extends Error {
  constructor(detail) {
    super(`${detail.code}: ${detail.textEn} (correlation id ${detail.correlationId})`);
    this.code = detail.code;
    this.detail = detail;
  }
}

/**
 * Return a function `call(operation, elements)` that gives the answer as an object.
 *
 * `me` is {key, certificate} and `service` the service's certificate, all PEM. With `idMode` 'wssecurity'
 * signed elements carry wsu:Id, as WS-Security says; without it node-soap writes a plain Id. Both work.
 */
export async function connect(url, { me, service, idMode }) {
  const client = await soap.createClientAsync(`${url}?wsdl`, { endpoint: url });
  const options = {
    hasTimeStamp: true,
    signerOptions: idMode ? { idMode } : {},
    additionalReferences: ['wsse:BinarySecurityToken', 'wsa:To', 'wsa:Action', 'wsa:MessageID'],
  };
  client.setSecurity(new soap.WSSecurityCert(me.key, me.certificate, '', options));
  const fingerprint = new X509Certificate(me.certificate).fingerprint256.replaceAll(':', '').toLowerCase();
  const messageIds = new WeakMap(); // by the object that node-soap hands on: calls may run side by side
  client.addSoapHeader((_method, _location, action, elements) =>
    Object.entries({ To: url, Action: action, MessageID: messageIds.get(elements) })
      .map(([name, text]) => `<wsa:${name} xmlns:wsa="${WSA}">${text}</wsa:${name}>`)
      .join(''),
  );
  return async (operation, elements = {}) => {
    const asked = { ...elements };
    // New for each request. It ends with our certificate's hash, so nobody else is answered under it.
    const messageId = `urn:uuid:${randomUUID()}#${fingerprint}`;
    messageIds.set(asked, messageId);
    try {
      const [answer, xml] = await client[`${operation}Async`](asked);
      verify(xml, service, messageId);
      return answer;
    } catch (error) {
      const fault = error.root?.Envelope?.Body?.Fault;
      if (!fault) throw error;
      verify(error.response.data, service, messageId, fault);
      throw new GatewayFault(fault.detail.GatewayFault);
    }
  };
}

/** Throw unless the pinned certificate signed the one Body, a fresh Timestamp, and that it answers `messageId`. */
export function verify(xml, service, messageId, fault) {
  const envelope = new DOMParser().parseFromString(xml, 'text/xml').documentElement;
  const children = [...elements(envelope)];
  const [header, body] = children;
  if (children.length !== 2 || !is(header, SOAP, 'Header') || !is(body, SOAP, 'Body')) {
    throw new Error('not an envelope of the gateway');
  }
  const security = only(header, WSSE, 'Security');
  const timestamp = only(security, WSU, 'Timestamp');
  // xml-crypto refuses ids that occur twice, so an id below names one element.
  const signature = new SignedXml({ publicCert: service, idMode: 'wssecurity', getCertFromKeyInfo: () => null });
  signature.loadSignature(only(security, DS, 'Signature'));
  if (!signature.checkSignature(xml)) throw new Error('the signature of this answer is not valid');
  const signed = signature.getReferences().map((reference) => reference.uri);
  const related = all(header, WSA, 'RelatesTo');
  for (const part of [body, timestamp, ...related]) {
    if (!signed.includes(`#${part.getAttributeNS(WSU, 'Id')}`)) throw new Error(`${part.localName} is not signed`);
  }
  if (new Date(only(timestamp, WSU, 'Expires').textContent) < new Date()) throw new Error('this answer is old');
  // The service signs answers to others too.
  if (!related.length && fault) {
    throw new Error(`this fault is not proven to be about this request: ${fault.faultstring}`);
  }
  if (related.length !== 1 || related[0].textContent.trim() !== messageId) {
    throw new Error('this is the answer to another request');
  }
}

function* elements(parent) {
  for (let node = parent.firstChild; node; node = node.nextSibling) if (node.nodeType === 1) yield node;
}

function is(element, namespace, name) {
  return element?.namespaceURI === namespace && element.localName === name;
}

function all(parent, namespace, name) {
  return [...elements(parent)].filter((element) => is(element, namespace, name));
}

function only(parent, namespace, name) {
  const found = all(parent, namespace, name);
  if (found.length !== 1) throw new Error(`${found.length} elements ${name} instead of one`);
  return found[0];
}
