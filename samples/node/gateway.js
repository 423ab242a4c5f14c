// A client of the gateway with node-soap: every request signed, every answer verified. Copy it.
//
// node-soap signs, but believes any answer; here nothing is returned, and no fault read, before xml-crypto
// has proven that the service signed exactly the Body that node-soap has parsed.

import { DOMParser } from '@xmldom/xmldom';
import soap from 'soap';
import { SignedXml } from 'xml-crypto';

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
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
    // Its random id makes requests differ that two processes sign in the same second: no false replay.
    additionalReferences: ['wsse:BinarySecurityToken'],
  };
  client.setSecurity(new soap.WSSecurityCert(me.key, me.certificate, '', options));
  return async (operation, elements = {}) => {
    try {
      const [answer, xml] = await client[`${operation}Async`](elements);
      verify(xml, service);
      return answer;
    } catch (error) {
      const fault = error.root?.Envelope?.Body?.Fault;
      if (!fault) throw error;
      verify(error.response.data, service);
      throw new GatewayFault(fault.detail.GatewayFault);
    }
  };
}

/** Throw unless the pinned certificate signed the one Body and a Timestamp that has not expired. */
export function verify(xml, service) {
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
  for (const part of [body, timestamp]) {
    if (!signed.includes(`#${part.getAttributeNS(WSU, 'Id')}`)) throw new Error(`${part.localName} is not signed`);
  }
  if (new Date(only(timestamp, WSU, 'Expires').textContent) < new Date()) throw new Error('this answer is old');
}

function* elements(parent) {
  for (let node = parent.firstChild; node; node = node.nextSibling) if (node.nodeType === 1) yield node;
}

function is(element, namespace, name) {
  return element?.namespaceURI === namespace && element.localName === name;
}

function only(parent, namespace, name) {
  const found = [...elements(parent)].filter((element) => is(element, namespace, name));
  if (found.length !== 1) throw new Error(`${found.length} elements ${name} instead of one`);
  return found[0];
}
