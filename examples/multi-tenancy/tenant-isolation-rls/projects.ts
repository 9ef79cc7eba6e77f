import type { InTenant } from './tenant-transactions.ts';

/** What a project looks like from outside. */
export type Project = {
  id: string;
  slug: string;
  name: string;
  tasks: number;
};

type NewProject = { slug: string; name: string };

/** The projects of a tenant: no query here names the tenant. */
export function createProjects({ inTenant }: { inTenant: InTenant }) {
  const create = (tenantId: string, { slug, name }: NewProject) =>
    inTenant(tenantId, async ({ query }) => {
      const { rows } = await query<{ id: string }>(
        `insert into projects (slug, name)
         values ($1, $2)
         on conflict (tenant_id, slug) do nothing
         returning id`,
        [slug, name],
      );
      return rows[0]?.id;
    });

  const search = (tenantId: string, text: string) =>
    inTenant(tenantId, async ({ query }) => {
      const { rows } = await query<Project>(
        `select id, slug, name, tasks
         from project_sizes
         where name ilike $1 or slug ilike $1
         order by created_at desc
         limit 20`,
        [`%${text}%`],
      );
      return rows;
    });

  const addTask = (
    tenantId: string,
    projectId: string,
    title: string,
  ) =>
    inTenant(tenantId, async ({ query }) => {
      const { rows } = await query<{ id: string }>(
        `insert into tasks (project_id, title)
         select id, $2 from projects where id = $1
         returning id`,
        [projectId, title],
      );
      return rows[0]?.id;
    });

  const remove = (tenantId: string, projectId: string) =>
    inTenant(tenantId, async ({ query }) => {
      const { rowCount } = await query(
        'delete from projects where id = $1',
        [projectId],
      );
      return rowCount === 1;
    });

  return { create, search, addTask, remove };
}
