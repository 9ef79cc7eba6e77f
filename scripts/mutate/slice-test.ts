import ts from 'typescript';

type Statement = {
  text: string;
  title: string | undefined;
  declares: string[];
  names: Set<string>;
};

/**
 * A test file with one of its tests, and of the rest only what that test depends on: its imports,
 * its helpers, and what runs whenever the file is loaded. The whole file where no test has that name.
 */
export function sliceTest(source: string, test: string): string {
  const statements = readStatements(source);
  const own = statements.filter(({ title }) => title !== undefined && isNamed(test, title));
  if (own.length === 0) return source;
  const always = statements.filter(
    ({ title, declares }) => title === undefined && !declares.length,
  );
  const kept = reach([...own, ...always], statements);
  return statements
    .filter((statement) => kept.has(statement))
    .map(({ text }) => text)
    .join('\n');
}

/** A test in a group has a name that begins with that of the group. */
const isNamed = (test: string, title: string): boolean =>
  test === title || test.startsWith(`${title} > `);

/** A name that is also that of a helper may mean it: too much is kept rather than too little. */
function reach(from: Statement[], all: Statement[]): Set<Statement> {
  const kept = new Set(from);
  for (const { names } of kept)
    for (const other of all) if (other.declares.some((name) => names.has(name))) kept.add(other);
  return kept;
}

function readStatements(source: string): Statement[] {
  const file = ts.createSourceFile('a.test.ts', source, ts.ScriptTarget.Latest);
  return file.statements.flatMap((statement) =>
    ts.isImportDeclaration(statement)
      ? readImports(statement, file)
      : readStatement(statement, statement.getText(file)),
  );
}

function readStatement(statement: ts.Statement, text: string): Statement {
  return {
    text,
    title: ts.isExpressionStatement(statement) ? readTitle(statement.expression) : undefined,
    declares: listNames(statement),
    names: new Set(listIdentifiers(statement)),
  };
}

/** Each name on its own: that another test needs one more changes nothing for this one. */
function readImports(statement: ts.ImportDeclaration, file: ts.SourceFile): Statement[] {
  const { name, namedBindings: bindings } = statement.importClause ?? {};
  if (name || !bindings || !ts.isNamedImports(bindings))
    return [readStatement(statement, statement.getText(file))];
  const from = statement.moduleSpecifier.getText(file);
  return bindings.elements.map((element) => ({
    text: `import { ${element.getText(file)} } from ${from};`,
    title: undefined,
    declares: [element.name.text],
    names: new Set(),
  }));
}

function listIdentifiers(node: ts.Node): string[] {
  if (ts.isIdentifier(node)) return [node.text];
  const found: string[] = [];
  ts.forEachChild(node, (child) => void found.push(...listIdentifiers(child)));
  return found;
}

/** `it('is fast', …)`, `failure('It hangs', …)`, `describe('the queue', …)`. */
function readTitle(expression: ts.Expression): string | undefined {
  if (!ts.isCallExpression(expression)) return undefined;
  const [first] = expression.arguments;
  return first && ts.isStringLiteralLike(first) ? first.text : undefined;
}

function listNames(statement: ts.Statement): string[] {
  if (ts.isImportDeclaration(statement)) return listImported(statement.importClause);
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => listBound(name));
  const isNamedStatement =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement);
  return isNamedStatement && statement.name ? [statement.name.text] : [];
}

function listImported(clause: ts.ImportClause | undefined): string[] {
  const bindings = clause?.namedBindings;
  const named = bindings && ts.isNamedImports(bindings) ? bindings.elements : [];
  const whole = bindings && ts.isNamespaceImport(bindings) ? [bindings] : [];
  return [clause, ...named, ...whole].flatMap((one) => one?.name?.text ?? []);
}

function listBound(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) =>
    ts.isOmittedExpression(element) ? [] : listBound(element.name),
  );
}
