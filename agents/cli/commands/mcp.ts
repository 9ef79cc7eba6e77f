import { type CommandInput, readWord } from '../../../scripts/command-line/run-command.ts';
import { UsageError } from '../../../scripts/command-line/usage-error.ts';
import { DEFAULT_PORT } from '../../mcp/default-port.ts';
import type { HttpOptions } from '../../mcp/serve-http.ts';
import type { CliInput } from '../command.ts';

/** Serves MCP until it is stopped. */
export async function mcp({ library, values }: CliInput): Promise<undefined> {
  const http = values.http === true ? readHttp(values) : refuseHttpFlags(values);
  const { runMcp } = await import('../../mcp/run-mcp.ts');
  await runMcp({ library, http });
  return undefined;
}

function refuseHttpFlags(values: CommandInput['values']): undefined {
  for (const name of ['port', 'host', 'name', 'public'])
    if (values[name] !== undefined) throw new UsageError(`--${name} needs --http`);
}

function readHttp(values: CommandInput['values']): HttpOptions {
  const port = Number(readWord(values, 'port') ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError('--port must be a whole number from 0 to 65535; 0 means any free port');
  const host = readWord(values, 'host');
  const names: unknown = values.name;
  const isPublic = values.public === true;
  return { port, host, public: isPublic, ...(Array.isArray(names) && { names }) };
}
