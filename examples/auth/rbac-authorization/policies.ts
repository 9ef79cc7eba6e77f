// #region policies
/** From the lowest to the highest: a caller gives none above theirs. */
export const ROLES = ['viewer', 'member', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** Each role is listed: there is no wildcard and no inheritance. */
export const POLICIES = {
  'contract:read': ['viewer', 'member', 'admin', 'owner'],
  'contract:write': ['member', 'admin', 'owner'],
  'contract:price': ['admin', 'owner'],
  'contract:delete': ['admin', 'owner'],
  'member:read': ['viewer', 'member', 'admin', 'owner'],
  'member:change': ['admin', 'owner'],
} as const satisfies Record<string, readonly Role[]>;
export type Permission = keyof typeof POLICIES;
// #endregion policies
