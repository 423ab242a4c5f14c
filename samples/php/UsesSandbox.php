<?php
// The sandbox in tests with PHPUnit: a world for each test, its clock, its journal. Copy it; it needs no package.
//
//     final class MyTest extends TestCase
//     {
//         use UsesSandbox;
//
//         public function testWhatNobodyOpensLapses(): void
//         {
//             $published = $this->world->publish(['addressee' => 'company']);
//             $this->world->toAfterDeadline($published['id']);
//             …

declare(strict_types=1);

use PHPUnit\Framework\Attributes\After;
use PHPUnit\Framework\Attributes\Before;
use PHPUnit\Framework\Attributes\PostCondition;

/** Gives every test of a class a world of its own, in one sandbox for all. */
trait UsesSandbox
{
    protected World $world;

    /**
     * PHPUnit to 11 reads the annotation, from 10 on the attribute.
     *
     * @before
     */
    #[Before]
    protected function makeWorld(): void
    {
        $this->world = Sandbox::shared()->world($this->worldWishes());
    }

    /**
     * A test that passed fails where what it expected of its client did not come to pass.
     *
     * @postCondition
     */
    #[PostCondition]
    protected function verifyWorld(): void
    {
        $this->assertSame([], $this->world->unmet(), 'the sandbox expected something else');
    }

    /** @after */
    #[After]
    protected function removeWorld(): void
    {
        $this->world->remove();
    }

    /** How the worlds of this class are made: notifications, seed, scenario, own_holders, freeze. */
    protected function worldWishes(): array
    {
        return [];
    }
}

/** The sandbox has refused: its code for programs, its message for people. */
final class SandboxError extends RuntimeException
{
    public function __construct(public readonly string $sandboxCode, string $detail)
    {
        parent::__construct("$sandboxCode: $detail");
    }
}

/** The sandbox of this PHP process: one that runs already, or one that ends with it. */
final class Sandbox
{
    private const START_SECONDS = 120;
    /** A world that is to go may be busy with what nobody waits for any more. */
    private const REMOVAL_SECONDS = 600;

    private static ?self $shared = null;

    private function __construct(private SandboxCalls $calls)
    {
    }

    /**
     * The one at NOTIGATEWAY_SANDBOX_URL (with NOTIGATEWAY_SANDBOX_TOKEN) where that is set; one that is started
     * otherwise, by the command in NOTIGATEWAY_SANDBOX_COMMAND, or `notigateway` of the PATH.
     */
    public static function shared(): self
    {
        $url = getenv('NOTIGATEWAY_SANDBOX_URL');
        return self::$shared ??= $url
            ? new self(new SandboxCalls($url, getenv('NOTIGATEWAY_SANDBOX_TOKEN') ?: null))
            : self::start(getenv('NOTIGATEWAY_SANDBOX_COMMAND') ?: 'notigateway');
    }

    private static function start(string $command): self
    {
        $folder = sys_get_temp_dir() . '/notigateway-' . bin2hex(random_bytes(8));
        mkdir($folder, 0700);
        $log = ['file', "$folder/server.log", 'w'];
        $options = ['--port', '0', '--notifications', '0', '--ready-file', "$folder/ready.json"];
        $process = proc_open([$command, 'sandbox', ...$options], [['file', '/dev/null', 'r'], $log, $log], $pipes);
        if ($process === false) {
            throw new SandboxError('NOT_STARTED', "cannot run $command");
        }
        register_shutdown_function(static function () use ($process, $folder): void {
            proc_terminate($process);
            proc_close($process);
            array_map('unlink', glob("$folder/*"));
            rmdir($folder);
        });
        // The file is complete when it is there.
        for ($end = microtime(true) + self::START_SECONDS; microtime(true) < $end && proc_get_status($process)['running']; usleep(20_000)) {
            if (is_file("$folder/ready.json")) {
                $ready = json_decode(file_get_contents("$folder/ready.json"), true, flags: JSON_THROW_ON_ERROR);
                return new self(new SandboxCalls($ready['base']));
            }
        }
        throw new SandboxError('NOT_STARTED', file_get_contents("$folder/server.log"));
    }

    /** Make a world; wishes are notifications, seed, scenario, own_holders, freeze and name. Remove it when done. */
    public function world(array $wishes = []): World
    {
        $told = $this->calls->post('worlds', $wishes);
        return new World($this->calls->below($told['base']), $told, fn () => $this->remove($told['name']));
    }

    private function remove(string $name): void
    {
        for ($end = microtime(true) + self::REMOVAL_SECONDS; true; usleep(200_000)) {
            try {
                $this->calls->delete("worlds/$name");
                return;
            } catch (SandboxError $error) {
                if ($error->sandboxCode !== 'BUSY' || microtime(true) > $end) {
                    throw $error;
                }
            }
        }
    }
}

/** A world: data of its own, with their own clock and journal. */
final class World
{
    public readonly string $name;
    public readonly string $url;
    public readonly string $wscn;
    private ?string $folder = null;

    public function __construct(private SandboxCalls $calls, array $told, private Closure $removing)
    {
        $this->name = $told['name'];
        $this->url = $told['url'];
        $this->wscn = $told['wscn'];
    }

    /** The address of a file for a client under test: `service.cert.pem`, `company.key.pem`, `company.cert.pem`, … */
    public function file(string $name): string
    {
        if ($this->folder === null) {
            $this->folder = sys_get_temp_dir() . '/notigateway-' . bin2hex(random_bytes(8));
            mkdir($this->folder, 0700);
            $told = $this->calls->get('certificates');
            file_put_contents("$this->folder/service.cert.pem", $told['service']);
            file_put_contents("$this->folder/seal.cert.pem", $told['seal']);
            foreach ($told['holders'] as $holder => $files) {
                file_put_contents("$this->folder/$holder.key.pem", $files['key']);
                file_put_contents("$this->folder/$holder.cert.pem", $files['certificate']);
            }
        }
        return "$this->folder/$name";
    }

    /** Let something happen: publish, accept, reject, lapse, outage, revoke, and what else the sandbox knows. */
    public function act(string $verb, array $arguments = []): array
    {
        return $this->calls->post("do/$verb", $arguments);
    }

    public function publish(array $arguments): array
    {
        return $this->notification($this->act('publish', $arguments)['id']);
    }

    /** One notification with its receipts; asking has no effect. */
    public function notification(string $id): array
    {
        return $this->calls->get("notifications/$id");
    }

    /** What is in this world, whoever may see it. */
    public function notifications(array $filters = []): array
    {
        $found = [];
        do {
            $told = $this->calls->get('notifications', $filters);
            array_push($found, ...$told['notifications']);
            $filters['before'] = $told['next'];
        } while ($told['next'] !== null && !isset($filters['limit']));
        return $found;
    }

    public function scenario(string $name): array
    {
        return $this->calls->post('scenario', ['name' => $name])['steps'];
    }

    /** Plan a fault: `$world->fault('status', ['status' => 503, 'operation' => 'Ping', 'nth' => 1])`. */
    public function fault(string $kind, array $selectors = []): array
    {
        return $this->calls->post('faults', ['kind' => $kind, ...$selectors]);
    }

    // --- the clock; what would have run in between has run when a call returns ---------------------------

    public function now(): DateTimeImmutable
    {
        return new DateTimeImmutable($this->calls->get('clock')['now']);
    }

    /** Let time pass: 'P11D', 'PT5M'. */
    public function advance(string $duration): array
    {
        return $this->calls->post('clock', ['advance' => $duration]);
    }

    public function toAfterDeadline(string $id): array
    {
        return $this->calls->post('clock', ['to' => 'after-deadline', 'notification' => $id]);
    }

    // --- the journal; filters are operation, caller, code, status, after and limit -----------------------

    public function journal(array $filters = []): array
    {
        return $this->calls->get('journal', $filters)['entries'];
    }

    /** How often that was asked. */
    public function asked(string $operation, array $filters = []): int
    {
        return $this->calls->get('journal/count', ['operation' => $operation, ...$filters])['count'];
    }

    /** Expect something of the client by the end of the test: `expect('Ping', ['count' => 2])`, or `['never' => true]`. */
    public function expect(string $operation, array $wanted): void
    {
        $this->calls->post('expectations', ['operation' => $operation, ...$wanted]);
    }

    /** What was expected and did not come to pass. */
    public function unmet(): array
    {
        $expected = $this->calls->get('expectations')['expectations'];
        return array_values(array_filter($expected, static fn (array $one): bool => !$one['met']));
    }

    public function explain(int $number): string
    {
        return $this->calls->text("journal/$number/explain");
    }

    public function remove(): void
    {
        ($this->removing)();
        if ($this->folder !== null) {
            array_map('unlink', glob("$this->folder/*"));
            rmdir($this->folder);
        }
    }
}

/** Calls of the admin API below one address. */
final class SandboxCalls
{
    /** An hour: a clock that passes thousands of deadlines answers once all that was due is done. */
    private const PATIENCE_SECONDS = 3600;

    private string $base;

    public function __construct(string $base, private ?string $token = null)
    {
        $this->base = preg_replace('#(/_sandbox)?/*$#', '', $base, 1);
    }

    public function below(string $base): self
    {
        return new self($base, $this->token);
    }

    public function get(string $path, array $asked = []): array
    {
        return self::read($this->ask('GET', $asked ? "$path?" . http_build_query($asked) : $path));
    }

    public function text(string $path): string
    {
        return $this->ask('GET', $path, accept: 'text/plain');
    }

    public function post(string $path, array $told): array
    {
        return self::read($this->ask('POST', $path, json_encode((object) $told, JSON_THROW_ON_ERROR)));
    }

    public function delete(string $path): void
    {
        $this->ask('DELETE', $path);
    }

    private function ask(string $method, string $path, ?string $body = null, string $accept = '*/*'): string
    {
        $headers = ["Accept: $accept", 'Connection: close'];
        if ($this->token !== null) {
            $headers[] = "Authorization: Bearer $this->token";
        }
        if ($body !== null) {
            $headers[] = 'Content-Type: application/json';
        }
        $url = "$this->base/_sandbox/$path";
        $http = ['method' => $method, 'header' => $headers, 'content' => $body ?? '', 'ignore_errors' => true, 'timeout' => self::PATIENCE_SECONDS];
        $answer = @file_get_contents($url, false, stream_context_create(['http' => $http]));
        if ($answer === false) {
            throw new SandboxError('UNREACHABLE', "$method $url: " . (error_get_last()['message'] ?? ''));
        }
        $status = (int) explode(' ', $http_response_header[0])[1];
        if ($status >= 300) {
            $error = json_decode($answer, true)['error'] ?? ['code' => 'NOT_A_SANDBOX', 'detail' => "$method $url was answered with $status"];
            throw new SandboxError($error['code'], $error['detail']);
        }
        return $answer;
    }

    private static function read(string $json): array
    {
        return json_decode($json, true, flags: JSON_THROW_ON_ERROR);
    }
}
