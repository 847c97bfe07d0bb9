/** What the REST API is given from outside. */
export const MANAGEMENT_CLIENT = Symbol('ManagementClient');
export const REST_LOG = Symbol('RestLog');
