<?php
// A client of the Social Security's own contract (WSCN) with PHP's SoapClient: lists, signs receipts (acuses), fetches. Copy it,
// together with GatewayClient.php, which signs every request and verifies every answer.
//
//     $wscn = new WscnClient($url, 'me.key.pem', 'me.cert.pem', 'service.cert.pem');
//     foreach ($wscn->list() as $row) { … $row->codigo, $row->estado, $row->rol … }
//     $done = $wscn->decide($codigo, accepts: true);  // legal effect; $done->pdfNotificacion, $done->selladoTiempo
//
// $url is the address of either environment. A number other than 0 is a WscnError, a system fault a SoapFault.

declare(strict_types=1);

require_once __DIR__ . '/GatewayClient.php';

final class WscnError extends RuntimeException
{
    public function __construct(object $error)
    {
        parent::__construct("$error->codigo: $error->descripcion (request $error->identificadorPeticion)", $error->codigo);
    }
}

final class WscnClient
{
    public const ALL = 0;
    public const OWN = 1;
    public const RED = 2;
    public const ATTORNEY = 3;

    private const DS = 'http://www.w3.org/2000/09/xmldsig#';
    // The receipt is signed in the inclusive form, unlike the message around it.
    private const C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
    private const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
    private const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
    // The buckets of a list with their roles and cursors.
    private const BUCKETS = [
        self::OWN => ['notificacionesPropias', 'codigoSiguienteNotificacionPropia'],
        self::RED => ['notificacionesAutorizadoRED', 'codigoSiguienteNotificacionAutorizadoRED'],
        self::ATTORNEY => ['notificacionesApoderado', 'codigoSiguienteNotificacionApoderado'],
    ];

    private GatewayClient $gateway;
    private OpenSSLAsymmetricKey $key;
    private string $certificate;

    public function __construct(string $url, string $keyFile, string $certificateFile, string $serviceFile, string $passphrase = '')
    {
        $this->gateway = new GatewayClient($url, $keyFile, $certificateFile, $serviceFile, $passphrase);
        $this->key = openssl_pkey_get_private(file_get_contents($keyFile), $passphrase);
        openssl_x509_export(file_get_contents($certificateFile), $pem);
        $this->certificate = preg_replace('/-----[^-]+-----|\s/', '', $pem);
    }

    /** Those for whom you may act, each with identificador and denominacion. */
    public function grantors(): array
    {
        return self::done($this->gateway->solicitarPoderdantes([])->listadoPoderdantes)->poderdantes ?? [];
    }

    /** Every row of one bucket or of all, each with the `rol` in which you see it. No legal effect. */
    public function list(int $rol = self::ALL, ?string $grantor = null): array
    {
        $places = array_fill_keys(array_column(self::BUCKETS, 1), -1);
        $rows = [];
        do {
            $asked = self::asked($rol, $grantor) + $places;
            $page = self::done($this->gateway->consultarListadoNotificaciones($asked)->listadoNotificaciones);
            foreach (self::BUCKETS as $role => [$bucket, $cursor]) {
                // A page begins with the notification that the page before ended with: its code is the key.
                foreach ($page->$bucket ?? [] as $row) {
                    $row->rol = $role;
                    $rows[$row->codigo] = $row;
                }
                $moved[$cursor] = $page->$cursor;
            }
            if ($page->hayMas && $moved === $places) {
                throw new RuntimeException('the page does not lead to the next one');
            }
            $places = $moved;
        } while ($page->hayMas);
        return array_values($rows);
    }

    /** Ask for the receipt, sign it, send it back: this has legal effect. Returns codigoNotificacion, pdfNotificacion, selladoTiempo. */
    public function decide(int $code, bool $accepts, int $rol = self::OWN, ?string $grantor = null): object
    {
        $acuse = $this->acuse($code, $accepts, $rol, $grantor);
        return $this->send($this->sign($acuse, $code, $accepts), $rol, $grantor);
    }

    /** The receipt to be signed; asking for it decides nothing. */
    public function acuse(int $code, bool $accepts, int $rol = self::OWN, ?string $grantor = null): string
    {
        $asked = self::asked($rol, $grantor) + ['codigoNotificacion' => $code, 'esDeAceptacion' => $accepts];
        return self::done($this->gateway->solicitarAcuseNotificacion($asked)->acuseNotificacion)->XML;
    }

    /** Send a signed receipt: this has legal effect. */
    public function send(string $signed, int $rol = self::OWN, ?string $grantor = null): object
    {
        $asked = self::asked($rol, $grantor) + ['xmlAcuseFirmado' => $signed];
        return self::done($this->gateway->enviarAcuseNotificacion($asked)->notificacionRecuperada);
    }

    /** What was accepted, again. */
    public function view(int $code, int $rol = self::OWN, ?string $grantor = null): object
    {
        $asked = self::asked($rol, $grantor) + ['codigoNotificacion' => $code];
        return self::done($this->gateway->verNotificacionAceptada($asked)->notificacionRecuperada);
    }

    private static function asked(int $rol, ?string $grantor): array
    {
        return ['rol' => $rol] + ($grantor === null ? [] : ['identificadorPoderdante' => $grantor]);
    }

    private static function done(object $answer): object
    {
        if (isset($answer->error) && $answer->error->codigo !== 0) {
            throw new WscnError($answer->error);
        }
        return $answer;
    }

    // --- the receipt -----------------------------------------------------------------------------------

    /** Add your signature to a receipt of exactly this notification and this decision; nothing else is signed. */
    public function sign(string $acuse, int $code, bool $accepts): string
    {
        $document = new DOMDocument();
        if (!@$document->loadXML($acuse, LIBXML_NONET) || $document->doctype !== null) {
            throw new RuntimeException('the receipt is no XML');
        }
        $path = new DOMXPath($document);
        $data = $path->query('/ProsaSignature/ProsaSignatureData[@Id = "ProsaData"]');
        $kind = $accepts ? 'ACEPTACION' : 'RECHAZO';
        $same = "count(ACUSE_FIRMA) = 1 and ACUSE_FIRMA/COD_NOTIFICACION = $code and ACUSE_FIRMA/TIPO_ACUSE = '$kind'";
        if ($data->length !== 1 || !$path->evaluate($same, $data->item(0))) {
            throw new RuntimeException('a receipt of something else than was asked for');
        }
        $signature = self::add($document->documentElement, 'ds:Signature');
        $signedInfo = self::add($signature, 'ds:SignedInfo');
        $value = self::add($signature, 'ds:SignatureValue');
        $keyInfo = self::add($signature, 'ds:KeyInfo');
        $keyInfo->setAttribute('Id', 'KeyInfo-' . bin2hex(random_bytes(16)));
        self::add(self::add($keyInfo, 'ds:X509Data'), 'ds:X509Certificate', $this->certificate);

        self::add($signedInfo, 'ds:CanonicalizationMethod')->setAttribute('Algorithm', self::C14N);
        self::add($signedInfo, 'ds:SignatureMethod')->setAttribute('Algorithm', self::RSA_SHA256);
        foreach ([$data->item(0), $keyInfo] as $part) {
            $reference = self::add($signedInfo, 'ds:Reference');
            $reference->setAttribute('URI', '#' . $part->getAttribute('Id'));
            self::add(self::add($reference, 'ds:Transforms'), 'ds:Transform')->setAttribute('Algorithm', self::C14N);
            self::add($reference, 'ds:DigestMethod')->setAttribute('Algorithm', self::SHA256);
            self::add($reference, 'ds:DigestValue', base64_encode(hash('sha256', $part->C14N(), true)));
        }
        openssl_sign($signedInfo->C14N(), $octets, $this->key, OPENSSL_ALGO_SHA256);
        $value->textContent = base64_encode($octets);
        return $document->saveXML();
    }

    private static function add(DOMElement $parent, string $name, string $text = ''): DOMElement
    {
        $element = $parent->appendChild($parent->ownerDocument->createElementNS(self::DS, $name));
        $element->textContent = $text;
        return $element;
    }
}
