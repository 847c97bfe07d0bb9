import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CurlAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

/** The program, as a user of the REST API has it; `token` is sent by a file of options so that no process list shows it. */
export class Curl {
  private readonly options: readonly string[];
  private readonly server: string;
  private readonly token: string;

  constructor(server: string, certificateAuthority: string, token: string) {
    this.server = server;
    this.token = token;
    this.options = ['--silent', '--show-error', '--max-time', '300', '--cacert', certificateAuthority];
  }

  async ask(method: string, path: string, body?: object): Promise<CurlAnswer> {
    const sent = body ? ['--header', 'Content-Type: application/json', '--data', JSON.stringify(body)] : [];
    const write = ['--write-out', '\n%{http_code}\n%{header_json}'];
    const stdout = await this.run(['--request', method, ...sent, ...write, this.server + path]);
    const [, text = '', status = '', headers = '{}'] = /^([^]*)\n(\d{3})\n(\{[^]*\})\s*$/.exec(stdout) ?? [];
    const found = JSON.parse(headers) as Record<string, readonly string[]>;
    return {
      status: Number(status),
      headers: Object.fromEntries(Object.entries(found).map(([name, [value = '']]) => [name, value])),
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  }

  /** The body of what is no JSON; rejects when the server refuses it. */
  async text(path: string): Promise<string> {
    return await this.run(['--fail-with-body', this.server + path]);
  }

  private async run(args: readonly string[]): Promise<string> {
    const asked = run('curl', [...this.options, '--config', '-', ...args]);
    asked.child.stdin?.end(`header = "Authorization: Bearer ${this.token}"\n`);
    return (await asked).stdout;
  }
}
