export { issueStoreAccess as issueEtcdAccess } from '../access.ts';
