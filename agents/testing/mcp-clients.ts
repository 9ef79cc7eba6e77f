import {
  Client,
  InMemoryTransport,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { McpServer } from '@modelcontextprotocol/server';

/** Where a server is: a program to start, or a URL. */
export type ServerPlace = { program: string[] } | { url: string };

/** The revisions of the protocol that clients speak: the one of today, and the handshake before. */
export const REVISIONS = ['2026-07-28', '2025-11-25'] as const;

const IDENTITY = { name: 'test', version: '1.0.0' };

/** A client of today's SDK that speaks a revision. */
export async function connectClient(
  place: ServerPlace,
  revision: (typeof REVISIONS)[number] = '2026-07-28',
): Promise<Client & AsyncDisposable> {
  const mode = revision === '2026-07-28' ? { pin: revision } : 'legacy';
  const client = new Client(IDENTITY, { versionNegotiation: { mode } });
  await client.connect(open(place));
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

function open(place: ServerPlace): Transport {
  if ('url' in place) return new StreamableHTTPClientTransport(new URL(place.url));
  return new StdioClientTransport({ command: process.execPath, args: place.program });
}

/** A client in the process of the server. */
export async function connectInMemory(server: McpServer): Promise<Client> {
  const [there, here] = InMemoryTransport.createLinkedPair();
  await server.connect(there);
  const client = new Client(IDENTITY);
  await client.connect(here);
  return client;
}

/** A client of the SDK's first major version, as many tools still have it. */
export async function connectOldClient(place: ServerPlace): Promise<OldClient & AsyncDisposable> {
  const client = new OldClient(IDENTITY);
  await client.connect(openOld(place) as Parameters<OldClient['connect']>[0]);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

const openOld = (place: ServerPlace) =>
  'url' in place
    ? new OldHttp(new URL(place.url))
    : new OldStdio({ command: process.execPath, args: place.program });
