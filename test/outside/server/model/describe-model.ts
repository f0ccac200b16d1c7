/** The list, one model of it when an id is given, or undefined when there is no such model. */
export function describeModel(models: readonly string[], id: string): object | undefined {
  if (id === '') return { object: 'list', data: models.map(describe) };
  return models.includes(id) ? describe(id) : undefined;
}

function describe(model: string) {
  return { id: model, object: 'model', created: 1_700_000_000, owned_by: 'creel-test' };
}
