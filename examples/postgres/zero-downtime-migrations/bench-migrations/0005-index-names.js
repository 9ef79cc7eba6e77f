/** Without a transaction, which `concurrently` needs. */
export function up(migration) {
  migration.noTransaction();
  migration.createIndex('users', ['family_name', 'given_name'], {
    concurrently: true,
  });
}
