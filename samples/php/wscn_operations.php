<?php
// Calls every operation of the Social Security's contract: accepts one notification and rejects another; prints a line of JSON
// for each call. Both have a legal effect: run it against a sandbox.
//
//     php wscn_operations.php URL company stranger service.cert.pem
//
// URL is the address of either environment; company and stranger stand for NAME.key.pem and NAME.cert.pem. The stranger is
// somebody to whom nothing was ever notified, who gets a system fault.

declare(strict_types=1);

require __DIR__ . '/WscnClient.php';

[, $url, $companyStem, $strangerStem, $service] = $argv;

function line(array $what): void
{
    echo json_encode($what), "\n";
}

// An answer that is not verified throws: what comes back was verified.
function show(string $operation, bool $ok): void
{
    line(['operation' => $operation, 'ok' => $ok, 'verified' => true]);
}

line(['versions' => 'PHP ' . PHP_VERSION . ', ' . OPENSSL_VERSION_TEXT]);
$company = new WscnClient($url, "$companyStem.key.pem", "$companyStem.cert.pem", $service);

$grantors = $company->grantors();
show('solicitarPoderdantes', array_filter($grantors, fn ($one) => !isset($one->identificador)) === []);
$rows = $company->list(WscnClient::OWN);
$waiting = array_values(array_filter($rows, fn ($row) => $row->estado === 0));
show('consultarListadoNotificaciones', count($waiting) >= 2 && $waiting[0]->rol === WscnClient::OWN);
if (count($waiting) < 2) {
    fwrite(STDERR, "fewer than two available notifications are left: take a fresh sandbox\n");
    exit(1);
}
[$first, $second] = [$waiting[0]->codigo, $waiting[1]->codigo];

$acuse = $company->acuse($first, true);
show('solicitarAcuseNotificacion', str_contains($acuse, "<COD_NOTIFICACION>$first</COD_NOTIFICACION>"));
$accepted = $company->send($company->sign($acuse, $first, true));
$rejected = $company->decide($second, false);
show('enviarAcuseNotificacion', str_starts_with($accepted->pdfNotificacion, '%PDF') && !isset($rejected->pdfNotificacion));
$seen = $company->view($first);
show('verNotificacionAceptada', $seen->pdfNotificacion === $accepted->pdfNotificacion);
line(['accepted' => $first, 'selladoTiempo' => $accepted->selladoTiempo]);
line(['rejected' => $second, 'selladoTiempo' => $rejected->selladoTiempo]);

try {
    $company->view($second);
    $number = 0;
} catch (WscnError $error) {
    $number = $error->getCode();
}
show('an error', $number === 27);
try {
    (new WscnClient($url, "$strangerStem.key.pem", "$strangerStem.cert.pem", $service))->grantors();
    $number = 0;
} catch (SoapFault $fault) {
    $number = (int) current((array) $fault->detail)->error->codigo;
}
show('a fault', $number === 102);
