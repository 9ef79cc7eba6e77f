import { resolve } from 'node:path';
import ts from 'typescript';
import { applyMutant } from '../apply-mutant.ts';
import type { Mutant } from '../mutant.ts';

/** Keeps the mutants of a file that compile. */
export type CompileFilter = (file: string, source: string, mutants: Mutant[]) => Mutant[];

/**
 * Makes a filter with the settings of the `tsconfig.json` in `root`; `file` is a path in `root`.
 * It reads each mutant beside the file's neighbours as they are: what the change breaks in a
 * file that imports this one, it does not see. A file that does not compile itself is refused.
 */
export function createCompileFilter({ root }: { root: string }): CompileFilter {
  const options = readOptions(root);
  const parsed = new Map<string, ts.SourceFile | undefined>();

  return function keepCompiling(file, source, mutants) {
    const path = resolve(root, file);
    const copies = new Map([[path, source]]);
    for (const [index, mutant] of mutants.entries()) {
      copies.set(nameCopy(path, index), applyMutant(source, mutant));
    }
    const host = createHost(options, copies, parsed);
    const program = ts.createProgram([...copies.keys()], options, host);
    const [fault] = diagnose(program, path);
    if (fault !== undefined) throw new Error(describeFault(file, fault));
    return mutants.filter((_, index) => diagnose(program, nameCopy(path, index)).length === 0);
  };
}

/** Only the settings are read, and none of the files that they include. */
const NO_INPUTS = 18003;

/** Unused names and code that is never reached are no faults of a mutant: Node runs it. */
function readOptions(root: string): ts.CompilerOptions {
  const path = resolve(root, 'tsconfig.json');
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error !== undefined) throw new Error(describeFault(path, error));
  const host = { ...ts.sys, readDirectory: () => [] };
  const { options, errors } = ts.parseJsonConfigFileContent(config, host, root, {}, path);
  const fault = errors.find(({ code }) => code !== NO_INPUTS);
  if (fault !== undefined) throw new Error(describeFault(path, fault));
  return {
    ...options,
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    allowUnreachableCode: true,
  };
}

/** In the folder of the file, so that its imports lead to the same neighbours. */
function nameCopy(path: string, index: number): string {
  return path.replace(/\.(m?ts)$/, `.mutant-${index}.$1`);
}

type Parsed = Map<string, ts.SourceFile | undefined>;

/** Reads the copies from memory; what lies on the disk is parsed and bound once for all files. */
function createHost(
  options: ts.CompilerOptions,
  copies: Map<string, string>,
  parsed: Parsed,
): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile, readFile } = host;
  host.fileExists = (name) => copies.has(name) || fileExists(name);
  host.readFile = (name) => copies.get(name) ?? readFile(name);
  host.getSourceFile = (name, languageVersion, ...others) => {
    const copy = copies.get(name);
    if (copy !== undefined) return ts.createSourceFile(name, copy, languageVersion);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, languageVersion, ...others));
    return parsed.get(name);
  };
  return host;
}

function diagnose(program: ts.Program, path: string): readonly ts.Diagnostic[] {
  const file = program.getSourceFile(path);
  const syntax = program.getSyntacticDiagnostics(file);
  return syntax.length > 0 ? syntax : program.getSemanticDiagnostics(file);
}

function describeFault(path: string, { messageText, file, start = 0 }: ts.Diagnostic): string {
  const line = file === undefined ? '' : `:${file.getLineAndCharacterOfPosition(start).line + 1}`;
  const reason = ts.flattenDiagnosticMessageText(messageText, '\n');
  return `${path}${line} does not compile: ${reason}. Fix it before its mutants are made`;
}
