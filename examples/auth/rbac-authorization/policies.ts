// #region policies
/** From the lowest to the highest; a role never gives one above itself. */
export const ROLES = ['viewer', 'member', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** Who may do what. Each role is listed: no wildcard, no inheritance. */
export const POLICIES = {
  'project:read': ['viewer', 'member', 'admin', 'owner'],
  'project:write': ['member', 'admin', 'owner'],
  'project:delete': ['admin', 'owner'],
  'member:read': ['viewer', 'member', 'admin', 'owner'],
  'member:change': ['admin', 'owner'],
} as const satisfies Record<string, readonly Role[]>;
export type Permission = keyof typeof POLICIES;
// #endregion policies

/** The roles that have this permission. */
export function rolesWith(permission: Permission): readonly Role[] {
  return POLICIES[permission];
}

/** This role and all below it. */
export function rolesUpTo(role: Role): readonly Role[] {
  return ROLES.slice(0, ROLES.indexOf(role) + 1);
}
