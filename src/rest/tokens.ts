/** What the REST API is given from outside. */
export const MANAGEMENT_CLIENT = Symbol('ManagementClient');
export const REST_LOG = Symbol('RestLog');
export const CLOCK = Symbol('Clock');
export const TENANTS_NAMESPACE = Symbol('TenantsNamespace');
export const USAGE_RETENTION = Symbol('UsageRetention');
export const OPENAPI_DOCUMENT = Symbol('OpenApiDocument');
export const AUDIT_WRITER = Symbol('AuditWriter');
