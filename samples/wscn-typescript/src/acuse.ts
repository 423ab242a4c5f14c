// Signs the receipt (acuse): the data and the signer's own KeyInfo, in the inclusive canonical form.

import { randomUUID } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import { type Holder, NotVerified, only, root, RSA_SHA256, SHA256 } from './signed-call.js';

const INCLUSIVE = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';

/** Add a signature to a receipt of exactly this notification and this decision; nothing else is signed. */
export function signAcuse(acuse: string, code: number, accepts: boolean, me: Holder): string {
  const found = root(acuse);
  const data = only(found, null, 'ProsaSignatureData');
  const said = only(data, null, 'ACUSE_FIRMA');
  const expected = [
    [found.tagName, 'ProsaSignature'],
    [data.getAttribute('Id'), 'ProsaData'],
    [only(said, null, 'COD_NOTIFICACION').textContent, String(code)],
    [only(said, null, 'TIPO_ACUSE').textContent, accepts ? 'ACEPTACION' : 'RECHAZO'],
  ];
  if (expected.some(([is, wanted]) => is !== wanted)) throw new NotVerified('a receipt of something else than was asked for');
  const keyInfo = `KeyInfo-${randomUUID()}`;
  const signature = new SignedXml({
    privateKey: me.key,
    publicCert: me.certificate,
    signatureAlgorithm: RSA_SHA256,
    canonicalizationAlgorithm: INCLUSIVE,
    keyInfoAttributes: { Id: keyInfo },
  });
  for (const xpath of ['/ProsaSignature/ProsaSignatureData', `//*[@Id = '${keyInfo}']`]) {
    signature.addReference({ xpath, transforms: [INCLUSIVE], digestAlgorithm: SHA256 });
  }
  signature.computeSignature(acuse, { prefix: 'ds', location: { reference: '/ProsaSignature', action: 'append' } });
  return signature.getSignedXml();
}
