<?php
// Ten days in an instant, as the client of this folder sees them: phpunit SandboxTest.php

declare(strict_types=1);

require_once __DIR__ . '/GatewayClient.php';
require_once __DIR__ . '/UsesSandbox.php';

use PHPUnit\Framework\TestCase;

final class SandboxTest extends TestCase
{
    use UsesSandbox;

    public function testWhatNobodyOpensLapses(): void
    {
        $company = $this->company();
        $published = $this->world->publish(['addressee' => 'company', 'subject' => 'Providencia de apremio']);
        $this->world->advance('P10D');
        $this->assertSame(['available'], self::states($company->ListNotifications()->notification));
        $this->world->toAfterDeadline($published['id']);
        $this->assertSame(['lapsed'], self::states($company->ListNotifications()->notification));
        $item = $company->RetrieveReceipts(['id' => [$published['id']]])->item[0];
        $this->assertSame(['available', 'lapsed'], self::states($item->receipt));
    }

    public function testAFaultThatIsAskedForIsInTheJournal(): void
    {
        $company = $this->company();
        $this->world->fault('fault', ['code' => 'TEMPORARILY_UNAVAILABLE', 'operation' => 'Ping', 'nth' => 1]);
        $this->world->expect('Ping', ['count' => 1]);
        $this->world->expect('AcceptNotifications', ['never' => true]);
        try {
            $company->Ping();
            $this->fail('the fault did not come');
        } catch (SoapFault $fault) {
            $this->assertSame('TEMPORARILY_UNAVAILABLE', $fault->detail->GatewayFault->code);
        }
        $this->assertSame(1, $this->world->asked('Ping', ['code' => 'TEMPORARILY_UNAVAILABLE']));
    }

    private function company(): GatewayClient
    {
        $files = array_map($this->world->file(...), ['company.key.pem', 'company.cert.pem', 'service.cert.pem']);
        return new GatewayClient($this->world->url, ...$files);
    }

    private static function states(array $ofThem): array
    {
        return array_column($ofThem, 'state');
    }
}
