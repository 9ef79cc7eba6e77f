import { z } from 'zod';

/** A record that was read, or what is wrong with it. */
export type ReadRecord<T> = { value: T; fault?: never } | { value?: never; fault: string };

/** Reads the JSON text of a record by its schema. */
export function readRecord<T>(text: string, schema: z.ZodType<T>): ReadRecord<T> {
  try {
    return { value: schema.parse(JSON.parse(text)) };
  } catch (error) {
    return { fault: describeFault(error) };
  }
}

/** What kept a record from being read: "`tests`: expected array, received string". */
export function describeFault(error: unknown): string {
  if (error instanceof SyntaxError) return 'it is not JSON';
  if (!(error instanceof z.ZodError)) return error instanceof Error ? error.message : String(error);
  const [issue] = error.issues;
  const message = issue?.message.replace(/^Invalid input: /, '') ?? 'it is not valid';
  const path = issue?.path.join('.') ?? '';
  return path === '' ? message : `\`${path}\`: ${message}`;
}
