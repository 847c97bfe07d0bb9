/** metav1.Time: RFC 3339 in whole seconds, as the API server writes times. */
export function toTime(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
