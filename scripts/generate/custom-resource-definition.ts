import { group, version } from '../../crds/schema/group.ts';
import type { Kind } from '../../crds/schema/kinds.ts';
import { structuralSchema } from './structural-schema.ts';

/** The CustomResourceDefinition of one kind, as a plain object. */
export function customResourceDefinition({ kind, plural, shortName, scope, description, schema, columns }: Kind) {
  const { spec, status } = schema.shape;
  const validations = schema.meta()?.['x-kubernetes-validations'];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['creel'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: structuralSchema(spec),
                status: structuralSchema(status),
              },
              ...(validations === undefined ? {} : { 'x-kubernetes-validations': validations }),
            },
          },
        },
      ],
    },
  };
}
