import { UsageError } from '../../../scripts/command-line/usage-error.ts';
import { DEFAULT_PORT, type HttpOptions } from '../../mcp/serve-http.ts';
import { type Command, type CommandInput, readWord } from '../command.ts';

export const mcp: Command = {
  usage: `touchstone mcp [--http] [--port ${DEFAULT_PORT}] [--public] [--host <address>] [--name <host name>]

Serves the patterns to an AI tool over MCP: over stdin and stdout, or with --http over HTTP, to
this machine alone unless --public. It writes nothing; over HTTP it reads no project either.

  touchstone mcp
  touchstone mcp --http --port 0
  touchstone mcp --http --public --name patterns.example.com`,
  options: {
    http: { type: 'boolean' },
    port: { type: 'string' },
    public: { type: 'boolean' },
    host: { type: 'string' },
    name: { type: 'string', multiple: true },
  },
  async run({ library, flags }) {
    const http = flags.http === true ? readHttp(flags) : undefined;
    const { runMcp } = await import('../../mcp/run-mcp.ts');
    await runMcp({ library, http });
    return undefined;
  },
};

function readHttp(flags: CommandInput['flags']): HttpOptions {
  const port = Number(readWord(flags, 'port') ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError('--port is a whole number from 0 to 65535; 0 is any that is free');
  const host = readWord(flags, 'host');
  const names: unknown = flags.name;
  const isPublic = flags.public === true;
  return { port, host, public: isPublic, ...(Array.isArray(names) && { names }) };
}
