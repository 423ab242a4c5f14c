<?php
// Calls every operation of the contract and one that fails; prints a line of JSON for each.
// Accepting and rejecting have a legal effect: run it against a sandbox.
//
//     php every_operation.php URL company attorney service.cert.pem
//
// company and attorney stand for NAME.key.pem and NAME.cert.pem; the company's is its representative's.

declare(strict_types=1);

require __DIR__ . '/GatewayClient.php';

[, $url, $companyStem, $attorneyStem, $service] = $argv;

function line(array $what): void
{
    echo json_encode($what), "\n";
}

// An answer that is not verified throws: what comes back was verified.
function show(string $operation, mixed $answer, callable $check): mixed
{
    line(['operation' => $operation, 'ok' => (bool) $check($answer), 'verified' => true]);
    return $answer;
}

function inDays(int $days): string
{
    return gmdate('Y-m-d\TH:i:s\Z', time() + $days * 86400);
}

function some(array $all, callable $check): bool
{
    return array_filter($all, $check) !== [];
}

line(['versions' => 'PHP ' . PHP_VERSION . ', ' . OPENSSL_VERSION_TEXT]);
$company = new GatewayClient($url, "$companyStem.key.pem", "$companyStem.cert.pem", $service);
$attorney = new GatewayClient($url, "$attorneyStem.key.pem", "$attorneyStem.cert.pem", $service);

show('Ping', $company->Ping(), fn ($one) => $one->known);
$page = show(
    'ListNotifications',
    $company->ListNotifications(['filter' => ['state' => ['available']], 'pageSize' => 2]),
    fn ($one) => count($one->notification ?? []) === 2 && !some($one->notification, fn ($each) => $each->state !== 'available'),
);
if (count($page->notification ?? []) < 2) {
    fwrite(STDERR, "fewer than two available notifications are left: take a fresh sandbox\n");
    exit(1);
}
[$first, $second] = array_map(fn ($one) => $one->id, $page->notification);
$cursor = $company->ListChanges(['fromNow' => true])->nextCursor;

show('AcceptNotifications', $company->AcceptNotifications(['id' => [$first]]), function ($answer) {
    [$item] = $answer->item;
    return $item->outcome === 'decided' && hash('sha256', $item->receipt->xml) === $item->receipt->sha256;
});
show(
    'RejectNotifications',
    $company->RejectNotifications(['id' => [$second], 'reason' => 'No procede: <ver> & archivar']),
    fn ($answer) => $answer->item[0]->outcome === 'decided',
);
show(
    'RetrieveReceipts',
    $company->RetrieveReceipts(['id' => [$first, $second]]),
    fn ($answer) => $answer->item[0]->receipt && $answer->item[1]->receipt,
);
$items = show(
    'RetrieveNotifications',
    $company->RetrieveNotifications(['id' => [$first, $second]]),
    fn ($answer) => isset($answer->item[1]->problem),
)->item;
$document = $items[0]->document[0];
show(
    'RetrieveDocument',
    $company->RetrieveDocument(['id' => $first, 'documentId' => $document->documentId]),
    fn ($answer) => hash('sha256', $answer->content) === $document->sha256,
);

show('ListChanges', $company->ListChanges(['cursor' => $cursor]), fn ($answer) => some(
    $answer->change,
    fn ($one) => $one->notification->id === $first && $one->state === 'accepted',
));
show('GetSummary', $company->GetSummary([]), fn ($answer) => $answer->total >= 2);
show('GetHistory', $company->GetHistory(['id' => $first]), fn ($answer) => some(
    $answer->event,
    fn ($one) => $one->decisive && $one->state === 'accepted',
));
show('MarkNotifications', $company->MarkNotifications(
    ['id' => [$first], 'downloaded' => true, 'addLabel' => ['visto']],
), fn ($answer) => some(
    $answer->item[0]->marks->label,
    fn ($one) => $one->label === 'visto',
));

// A witness keeps the head, and asks the next time for the proof from its size to the new one's.
show('GetLogHead', $company->GetLogHead([]), fn ($answer) => strlen($answer->head ?? str_repeat('-', 101)) > 100);
show(
    'ProveConsistency',
    $company->ProveConsistency(['oldSize' => 0, 'newSize' => 0]),
    fn ($answer) => (int) $answer->newSize === 0 && empty($answer->hash),
);

$titles = show(
    'ListRepresentations',
    $company->ListRepresentations([]),
    fn ($answer) => $answer->representation[0]->role === 'own',
);
$assignment = ['assignmentId' => end($titles->redAssignment)->assignmentId];
show('UnassignRed', $company->UnassignRed($assignment), fn ($answer) => isset($answer->redAssignment->endsAt));
show('ReassignRed', $company->ReassignRed($assignment), fn ($answer) => !isset($answer->redAssignment->endsAt));

show('ListMatters', $company->ListMatters([]), fn ($answer) => some(
    $answer->matter,
    fn ($matter) => some($matter->procedure, fn ($one) => $one->code === '9900101'),
));
$other = $attorney->Ping()->party;
$terms = [
    'attorney' => $other->identifier, 'attorneyName' => $other->name, 'scope' => 'procedure',
    'value' => '9900101', 'specialCategory' => false, 'expiresAt' => inDays(365),
];
$power = show('GrantPower', $company->GrantPower($terms), fn ($answer) => $answer->power->powerId)->power->powerId;
$ended = fn ($answer) => isset($answer->power->endedAt);
show('AcceptPower', $attorney->AcceptPower(['powerId' => $power]), fn ($answer) => $answer->power->acceptedAt);
show(
    'ExtendPower',
    $company->ExtendPower(['powerId' => $power, 'expiresAt' => inDays(730)]),
    fn ($answer) => $answer->power->expiresAt > $terms['expiresAt'],
);
show('ListPowers', $company->ListPowers(['pageSize' => 1000]), fn ($answer) => some(
    $answer->power,
    fn ($one) => $one->powerId === $power,
));
$worker = ['person' => '00000014Z', 'personName' => 'Celia Prueba', 'allClients' => true, 'mayDecide' => false];
$user = show('GrantUser', $company->GrantUser($worker), fn ($answer) => !$answer->user->mayDecide)->user->userId;
show('ListUsers', $company->ListUsers([]), fn ($answer) => some(
    $answer->user,
    fn ($one) => $one->userId === $user,
));
show('EndUser', $company->EndUser(['userId' => $user]), fn ($answer) => isset($answer->user->endsAt));
show(
    'CertifyPower',
    $company->CertifyPower(['powerId' => $power]),
    fn ($answer) => hash('sha256', $answer->xml) === $answer->sha256,
);
show('RevokePower', $company->RevokePower(['powerId' => $power]), $ended);
$again = $company->GrantPower(['expiresAt' => inDays(366)] + $terms)->power->powerId;
$attorney->AcceptPower(['powerId' => $again]);
show('RenouncePower', $attorney->RenouncePower(['powerId' => $again]), $ended);

$me = $company->Ping()->party;
$mine = $attorney->GrantPower([
    'attorney' => $me->identifier, 'attorneyName' => $me->name, 'scope' => 'general', 'expiresAt' => inDays(365),
])->power->powerId;
show(
    'MakeResponsibleStatement',
    $company->MakeResponsibleStatement(['powerId' => $mine, 'statutesAllowRepresentation' => true]),
    fn ($answer) => $answer->power->state === 'pending',
);
$company->RenouncePower(['powerId' => $mine]);

show('GetDeliveryChannel', $company->GetDeliveryChannel([]), fn ($answer) => isset($answer->obliged));
show(
    'SetDeliveryChannel',
    $company->SetDeliveryChannel(['channel' => 'electronic']),
    fn ($answer) => $answer->channel === 'electronic',
);
show(
    'SetReceivingAlone',
    $company->SetReceivingAlone(['receivingAlone' => false]),
    fn ($answer) => $answer->receivingAlone === false,
);
$told = ['avisos@example.org'];
show('SetContacts', $company->SetContacts(['address' => $told]), fn ($answer) => (array) $answer->address === $told);
show('GetContacts', $company->GetContacts([]), fn ($answer) => (array) $answer->address === $told);
$hook = ['kind' => 'webhook', 'url' => 'https://127.0.0.1:9443/hook'];
$made = show('Subscribe', $company->Subscribe($hook), fn ($answer) => $answer->subscription->url === $hook['url']);
$one = ['subscriptionId' => $made->subscription->subscriptionId];
show('ListSubscriptions', $company->ListSubscriptions([]), fn ($answer) => some(
    $answer->subscription,
    fn ($each) => $each->subscriptionId === $one['subscriptionId'],
));
show('ListDeadDeliveries', $company->ListDeadDeliveries($one), fn ($answer) => !isset($answer->delivery) || !(array) $answer->delivery);
show('ReplayDeliveries', $company->ReplayDeliveries($one), fn ($answer) => $answer->replayed === 0);
show('Unsubscribe', $company->Unsubscribe($one), fn ($answer) => $answer->subscription->ended === 'unsubscribed');

$unknown = '00000000-0000-4000-8000-000000000000';
try {
    $company->RetrieveDocument(['id' => $unknown, 'documentId' => $unknown]);
    $code = null;
} catch (SoapFault $fault) {
    $code = $fault->detail->GatewayFault->code ?? $fault->getMessage();
}
show('a fault', $code, fn ($code) => $code === 'NOTIFICATION_UNKNOWN');
