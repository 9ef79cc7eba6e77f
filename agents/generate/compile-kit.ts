import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { readKit } from './read-kit.ts';

const OPTIONS: ts.CompilerOptions = {
  declaration: true,
  rewriteRelativeImportExtensions: true,
  skipLibCheck: true,
  strict: true,
  // Node 20 and 22 have no `await using` of their own.
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.esnext.d.ts', 'lib.dom.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
};

/** 288 MB that only examples have which use it: without its types, the kit compiles to the same. */
export const LEFT_TO_EXAMPLES = 'onnxruntime-node';
const MODULE_NOT_FOUND = 2307;

/** Compiles the kit: Node runs no TypeScript that lies in node_modules. */
export function compileKit(root: string, outDir: string): void {
  const folder = join(root, 'examples/kit');
  const names = [...readKit(root).sources.keys()];
  const files = names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
  const program = ts.createProgram(files, { ...OPTIONS, outDir, rootDir: folder });
  const { diagnostics } = program.emit();
  const found = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  const faults = found.filter((one) => !isLeftToExamples(one));
  if (faults.length > 0) throw new Error(ts.formatDiagnostics(faults, createHost(root)));
  for (const name of names.filter((name) => !name.endsWith('.ts')))
    copyFileSync(join(folder, name), join(outDir, name));
}

const isLeftToExamples = ({ code, messageText }: ts.Diagnostic): boolean =>
  code === MODULE_NOT_FOUND && `${messageText}`.includes(`'${LEFT_TO_EXAMPLES}'`);

const createHost = (root: string): ts.FormatDiagnosticsHost => ({
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => root,
  getNewLine: () => '\n',
});
