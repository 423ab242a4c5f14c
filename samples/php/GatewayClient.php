<?php
// A client of the gateway with PHP's SoapClient: every request signed, every answer verified. Copy it.
//
// PHP has no WS-Security of its own; what the gateway asks for is these hundred lines of DOM and OpenSSL. The
// service signs answers to others too, so each request has a MessageID of its own, and only what the service
// says to be the answer to that one is returned.
// Needs the extensions soap, dom and openssl. Call the operations by their names:
//
//     $gateway = new GatewayClient($url, 'me.key.pem', 'me.cert.pem', 'service.cert.pem');
//     $page = $gateway->ListNotifications(['filter' => ['state' => ['available']]]);
//
// A fault is a SoapFault; its typed detail is $fault->detail->GatewayFault.

declare(strict_types=1);

final class NotVerified extends RuntimeException
{
}

final class GatewayClient extends SoapClient
{
    private const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
    private const DS = 'http://www.w3.org/2000/09/xmldsig#';
    private const WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
    private const WSSE = self::WSS . 'wssecurity-secext-1.0.xsd';
    private const WSU = self::WSS . 'wssecurity-utility-1.0.xsd';
    private const X509V3 = self::WSS . 'x509-token-profile-1.0#X509v3';
    private const BASE64 = self::WSS . 'soap-message-security-1.0#Base64Binary';
    private const EXC_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
    private const WSA = 'http://www.w3.org/2005/08/addressing';
    private const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
    private const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

    private OpenSSLAsymmetricKey $key;
    private OpenSSLAsymmetricKey $serviceKey;
    private string $token;
    private string $fingerprint;

    public function __construct(
        private string $url,
        string $keyFile,
        string $certificateFile,
        string $serviceFile,
        string $passphrase = '',
    ) {
        $this->key = openssl_pkey_get_private(file_get_contents($keyFile), $passphrase)
            ?: throw new RuntimeException("cannot read $keyFile");
        $this->serviceKey = openssl_pkey_get_public(file_get_contents($serviceFile))
            ?: throw new RuntimeException("cannot read $serviceFile");
        // The token is the certificate in DER, in base64: a PEM file without its first and last line.
        openssl_x509_export(file_get_contents($certificateFile), $pem);
        $this->fingerprint = openssl_x509_fingerprint($pem, 'sha256');
        $this->token = preg_replace('/-----[^-]+-----|\s/', '', $pem);
        parent::__construct("$url?wsdl", [
            'location' => $url,
            'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
            'connection_timeout' => 20,
        ]);
    }

    /** Sign the request, send it, and return only what the service has signed as the answer to it. */
    public function __doRequest(
        string $request,
        string $location,
        string $action,
        int $version,
        bool $oneWay = false,
    ): ?string {
        // New for each request. It ends with our certificate's hash, so nobody else is answered under it.
        $bytes = bin2hex(random_bytes(16));
        $uuid = preg_replace('/(.{8})(.{4}).(.{3}).(.{3})(.{12})/', '$1-$2-4$3-8$4-$5', $bytes);
        $messageId = "urn:uuid:$uuid#$this->fingerprint";
        $signed = $this->sign($request, trim($action, '"'), $messageId);
        $answer = parent::__doRequest($signed, $this->url, $action, $version, $oneWay);
        if ($answer !== null) {
            $this->verify($answer, $messageId);
        }
        return $answer;
    }

    // --- the request ---------------------------------------------------------------------------------

    private function sign(string $request, string $action, string $messageId): string
    {
        $document = new DOMDocument();
        $document->loadXML($request);
        $envelope = $document->documentElement;
        $body = self::only($envelope, self::SOAP, 'Body');
        $header = $envelope->insertBefore($document->createElementNS(self::SOAP, $envelope->prefix . ':Header'), $body);
        $security = $header->appendChild($document->createElementNS(self::WSSE, 'wsse:Security'));
        $security->setAttributeNS(self::SOAP, $envelope->prefix . ':mustUnderstand', '1');

        $parts = ['Body' => $body];
        foreach (['To' => $this->url, 'Action' => $action, 'MessageID' => $messageId] as $name => $text) {
            $parts[$name] = self::add($header, self::WSA, "wsa:$name", $text);
        }

        $timestamp = self::add($security, self::WSU, 'wsu:Timestamp');
        self::add($timestamp, self::WSU, 'wsu:Created', gmdate('Y-m-d\TH:i:s\Z'));
        self::add($timestamp, self::WSU, 'wsu:Expires', gmdate('Y-m-d\TH:i:s\Z', time() + 300));
        $token = self::add($security, self::WSSE, 'wsse:BinarySecurityToken', $this->token);
        $token->setAttribute('ValueType', self::X509V3);
        $token->setAttribute('EncodingType', self::BASE64);
        $tokenId = self::identify($token, 'X509');

        $signature = self::add($security, self::DS, 'ds:Signature');
        $signedInfo = self::add($signature, self::DS, 'ds:SignedInfo');
        self::algorithm($signedInfo, 'ds:CanonicalizationMethod', self::EXC_C14N);
        self::algorithm($signedInfo, 'ds:SignatureMethod', self::RSA_SHA256);
        foreach (['TS' => $timestamp, ...$parts] as $name => $part) {
            $reference = self::add($signedInfo, self::DS, 'ds:Reference');
            $reference->setAttribute('URI', '#' . self::identify($part, $name));
            self::algorithm(self::add($reference, self::DS, 'ds:Transforms'), 'ds:Transform', self::EXC_C14N);
            self::algorithm($reference, 'ds:DigestMethod', self::SHA256);
            self::add($reference, self::DS, 'ds:DigestValue', self::digest($part->C14N(true)));
        }
        openssl_sign($signedInfo->C14N(true), $value, $this->key, OPENSSL_ALGO_SHA256);
        self::add($signature, self::DS, 'ds:SignatureValue', base64_encode($value));
        $keyInfo = self::add($signature, self::DS, 'ds:KeyInfo');
        $reference = self::add(self::add($keyInfo, self::WSSE, 'wsse:SecurityTokenReference'), self::WSSE, 'wsse:Reference');
        $reference->setAttribute('URI', "#$tokenId");
        $reference->setAttribute('ValueType', self::X509V3);
        return $document->saveXML();
    }

    private static function add(DOMElement $parent, string $namespace, string $name, string $text = ''): DOMElement
    {
        $element = $parent->appendChild($parent->ownerDocument->createElementNS($namespace, $name));
        $element->textContent = $text;
        return $element;
    }

    private static function algorithm(DOMElement $parent, string $name, string $uri): void
    {
        self::add($parent, self::DS, $name)->setAttribute('Algorithm', $uri);
    }

    private static function identify(DOMElement $element, string $name): string
    {
        $id = $name . '-' . bin2hex(random_bytes(16));
        $element->setAttributeNS(self::WSU, 'wsu:Id', $id);
        return $id;
    }

    // --- the answer ----------------------------------------------------------------------------------

    /** Throw unless the pinned certificate signed the one Body, a fresh Timestamp, and what it is the answer to. */
    private function verify(string $answer, string $messageId): void
    {
        $document = new DOMDocument();
        if (!@$document->loadXML($answer, LIBXML_NONET)) {
            throw new NotVerified('this answer is no XML');
        }
        $envelope = $document->documentElement;
        $header = self::only($envelope, self::SOAP, 'Header');
        $body = self::only($envelope, self::SOAP, 'Body');
        $security = self::only($header, self::WSSE, 'Security');
        $timestamp = self::only($security, self::WSU, 'Timestamp');
        $signature = self::only($security, self::DS, 'Signature');
        $signedInfo = self::only($signature, self::DS, 'SignedInfo');
        self::expect($signedInfo, 'CanonicalizationMethod', self::EXC_C14N);
        self::expect($signedInfo, 'SignatureMethod', self::RSA_SHA256);
        $value = base64_decode(self::only($signature, self::DS, 'SignatureValue')->textContent);
        if (openssl_verify($signedInfo->C14N(true), $value, $this->serviceKey, OPENSSL_ALGO_SHA256) !== 1) {
            throw new NotVerified('this answer is not signed by the service');
        }
        // The elements themselves are digested, not whatever has their Id: nothing can be moved aside.
        $related = self::all($header, self::WSA, 'RelatesTo');
        foreach ([$body, $timestamp, ...$related] as $part) {
            $reference = self::referenceTo($part, $signedInfo);
            self::expect($reference, 'DigestMethod', self::SHA256);
            $transform = self::expect(self::only($reference, self::DS, 'Transforms'), 'Transform', self::EXC_C14N);
            $inclusive = $transform->getElementsByTagNameNS(self::EXC_C14N, 'InclusiveNamespaces')->item(0);
            $prefixes = $inclusive ? explode(' ', $inclusive->getAttribute('PrefixList')) : null;
            $found = self::digest($part->C14N(true, false, null, $prefixes));
            if (!hash_equals(self::only($reference, self::DS, 'DigestValue')->textContent, $found)) {
                throw new NotVerified("the digest of $part->localName differs");
            }
        }
        if (strtotime(self::only($timestamp, self::WSU, 'Expires')->textContent) < time()) {
            throw new NotVerified('this answer is old');
        }
        $fault = self::all($body, self::SOAP, 'Fault');
        if ($related === [] && $fault !== []) {
            // The service could not believe our MessageID: it says why, perhaps to us.
            $why = $fault[0]->getElementsByTagName('faultstring')->item(0)?->textContent;
            throw new NotVerified("this fault is not proven to be about this request: $why");
        }
        if (count($related) !== 1 || trim($related[0]->textContent) !== $messageId) {
            throw new NotVerified('this is the answer to another request');
        }
    }

    private static function referenceTo(DOMElement $part, DOMElement $signedInfo): DOMElement
    {
        foreach ($signedInfo->getElementsByTagNameNS(self::DS, 'Reference') as $reference) {
            if ($reference->getAttribute('URI') === '#' . $part->getAttributeNS(self::WSU, 'Id')) {
                return $reference;
            }
        }
        throw new NotVerified("$part->localName is not signed");
    }

    private static function expect(DOMElement $parent, string $name, string $algorithm): DOMElement
    {
        $element = self::only($parent, self::DS, $name);
        if ($element->getAttribute('Algorithm') !== $algorithm) {
            throw new NotVerified("$name is not $algorithm");
        }
        return $element;
    }

    private static function only(DOMElement $parent, string $namespace, string $name): DOMElement
    {
        $found = self::all($parent, $namespace, $name);
        if (count($found) !== 1) {
            throw new NotVerified(count($found) . " elements $name instead of one");
        }
        return $found[0];
    }

    /** @return list<DOMElement> */
    private static function all(DOMElement $parent, string $namespace, string $name): array
    {
        $found = [];
        foreach ($parent->childNodes as $node) {
            if ($node instanceof DOMElement && $node->namespaceURI === $namespace && $node->localName === $name) {
                $found[] = $node;
            }
        }
        return $found;
    }

    private static function digest(string $octets): string
    {
        return base64_encode(hash('sha256', $octets, true));
    }
}
