// The `httpClient` of strong-soap: signs what goes out, and gives back only what the service has signed as the answer to it. Copy it.
//
// strong-soap's own WSSecurityCert cannot be used: it signs with SHA-1, and its reference to the certificate has no `#`.

import { randomUUID, X509Certificate } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const WSA = 'http://www.w3.org/2005/08/addressing';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
const WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
const WSSE = `${WSS}wssecurity-secext-1.0.xsd`;
const WSU = `${WSS}wssecurity-utility-1.0.xsd`;
const X509V3 = `${WSS}x509-token-profile-1.0#X509v3`;
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

const parse = (xml) => {
  const stop = (_level, message) => { throw new Error(`no XML: ${message}`); };
  return new DOMParser({ onError: stop }).parseFromString(xml, 'text/xml').documentElement;
};
const is = (node, namespace, name) => node.namespaceURI === namespace && node.localName === name;
const only = (nodes, namespace, name) => {
  const found = Array.from(nodes).filter((node) => is(node, namespace, name));
  if (found.length !== 1) throw new Error(`${found.length} elements ${name} instead of one`);
  return found[0];
};

/** Needs PEM: your key and certificate, and the certificate that must have signed the answers. */
export class SigningHttp {
  options = { prettyPrint: false }; // what is indented after signing is refused

  constructor({ key, certificate, service }) {
    Object.assign(this, { key, service, token: new X509Certificate(certificate) });
    this.name = this.token.fingerprint256.replaceAll(':', '').toLowerCase();
  }

  request(url, xml, callback, headers = {}) {
    this.send(url, xml, headers).then(([response, body]) => callback(null, response, body), callback);
  }

  async send(url, xml, { SOAPAction }) {
    if (!xml) {
      const wsdl = await fetch(url);
      return [{ statusCode: wsdl.status, headers: {} }, await wsdl.text()];
    }
    // It ends with the hash of our certificate, so nobody else is answered under it.
    const messageId = `urn:uuid:${randomUUID()}#${this.name}`;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'text/xml; charset=utf-8', SOAPAction },
      body: this.sign(xml, SOAPAction.replaceAll('"', ''), messageId),
      redirect: 'error',
    });
    return [{ statusCode: answer.status, headers: {} }, this.verified(await answer.text(), messageId)];
  }

  sign(xml, action, messageId) {
    const id = () => `wsu:Id="id-${randomUUID()}"`;
    const now = Date.now();
    const body = only(parse(xml).childNodes, SOAP, 'Body');
    const content = Array.from(body.childNodes).map(String).join('');
    const envelope =
      `<soap:Envelope xmlns:soap="${SOAP}" xmlns:wsa="${WSA}" xmlns:wsse="${WSSE}" xmlns:wsu="${WSU}"><soap:Header>` +
      `<wsse:Security soap:mustUnderstand="1"><wsu:Timestamp ${id()}>` +
      `<wsu:Created>${new Date(now).toISOString()}</wsu:Created>` +
      `<wsu:Expires>${new Date(now + 300_000).toISOString()}</wsu:Expires></wsu:Timestamp>` +
      `<wsse:BinarySecurityToken wsu:Id="X509" ValueType="${X509V3}" EncodingType="${WSS}soap-message-security-1.0#Base64Binary">` +
      `${this.token.raw.toString('base64')}</wsse:BinarySecurityToken></wsse:Security>` +
      `<wsa:MessageID ${id()}>${messageId}</wsa:MessageID><wsa:Action ${id()}>${action}</wsa:Action></soap:Header><soap:Body ${id()}>${content}</soap:Body></soap:Envelope>`;
    const signature = new SignedXml({
      privateKey: this.key,
      signatureAlgorithm: RSA_SHA256,
      canonicalizationAlgorithm: EXCLUSIVE,
      idMode: 'wssecurity',
      getKeyInfoContent: () =>
        `<wsse:SecurityTokenReference><wsse:Reference URI="#X509" ValueType="${X509V3}"/></wsse:SecurityTokenReference>`,
    });
    for (const name of ['Body', 'Timestamp', 'MessageID', 'Action']) {
      const xpath = `/*/*[local-name()='${name}'] | /*/*[local-name()='Header']//*[local-name()='${name}']`;
      signature.addReference({ xpath, transforms: [EXCLUSIVE], digestAlgorithm: SHA256 });
    }
    const location = { reference: "//*[local-name()='Security']", action: 'append' };
    signature.computeSignature(envelope, { prefix: 'ds', location, existingPrefixes: { wsse: WSSE, wsu: WSU } });
    return signature.getSignedXml();
  }

  /** Nothing goes on to strong-soap but the octets that were signed. */
  verified(xml, messageId) {
    const header = only(parse(xml).childNodes, SOAP, 'Header');
    const node = only(only(header.childNodes, WSSE, 'Security').childNodes, DS, 'Signature');
    const signature = new SignedXml({ publicCert: this.service, idMode: 'wssecurity', getCertFromKeyInfo: () => null });
    signature.loadSignature(String(node));
    if (signature.signatureAlgorithm !== RSA_SHA256 || !signature.checkSignature(xml)) throw new Error('the signature is not valid');
    const signed = signature.getSignedReferences();
    const roots = signed.map(parse);
    const expires = only(only(roots, WSU, 'Timestamp').childNodes, WSU, 'Expires').textContent;
    if (!(new Date(expires) > new Date())) throw new Error('this answer is old');
    const body = only(roots, SOAP, 'Body');
    const fault = Array.from(body.childNodes).find((found) => is(found, SOAP, 'Fault'));
    const relates = roots.filter((part) => is(part, WSA, 'RelatesTo')).map((part) => part.textContent);
    // A refused signature proves no MessageID: this may say why the request was refused, or come from elsewhere.
    if (fault && !relates.length) throw new Error(`a fault that names no request: ${fault.textContent}`);
    if (relates.length !== 1 || relates[0] !== messageId) throw new Error('this answers another request');
    return `<soap:Envelope xmlns:soap="${SOAP}">${signed[roots.indexOf(body)]}</soap:Envelope>`;
  }
}
