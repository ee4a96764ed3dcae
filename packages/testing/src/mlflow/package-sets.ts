/** The packages from PyPI that this project installs, each set in its own environment or folder. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Packages from PyPI. `requirements/<name>.in` names what is wanted. `requirements/<name>.txt` has every package with its
 * version and its hashes, for all platforms. `npm run update-tools` writes it.
 */
export interface PackageSet {
  /** Of its files, and of its folder below `.mlflow`. */
  readonly name: string;
  /** The oldest version of Python that all of its packages support. Default: `3.10`, as for MLflow. */
  readonly oldestPython?: string;
  /** Whether MLflow's environment contains what the packages need. Default: `false`. */
  readonly withoutDependencies?: boolean;
}

/** What installs the others. */
export const UV: PackageSet = { name: 'uv' };
export const MLFLOW: PackageSet = { name: 'mlflow' };
/** The package of MLflow 3.18.0 alone, 50 MB. */
export const NEWEST_MLFLOW: PackageSet = { name: 'mlflow-3.18.0', withoutDependencies: true };
/** What `mlflow server --app-name basic-auth` needs besides MLflow, as in `pip install mlflow[auth]`; 1 MB. */
export const BASIC_AUTH: PackageSet = { name: 'basic-auth', oldestPython: '3.11', withoutDependencies: true };
/** What MLflow's images contain besides MLflow, and the servers that it needs: PostgreSQL and an object store. */
export const DATABASE_PACKAGES: PackageSet = { name: 'database' };
export const BOTO3: PackageSet = { name: 'boto3' };
/** The plugin by which Python's client reaches MLflow of SageMaker. It needs {@link BOTO3}, too. */
export const SAGEMAKER_MLFLOW: PackageSet = { name: 'sagemaker-mlflow', withoutDependencies: true };
/** 620 MB. */
export const PHOENIX: PackageSet = { name: 'phoenix', oldestPython: '3.11' };
export const MINISTACK: PackageSet = { name: 'ministack' };
export const ROTEL: PackageSet = { name: 'rotel' };
export const CHECK_JSONSCHEMA: PackageSet = { name: 'check-jsonschema', oldestPython: '3.11' };
/** Finds weaknesses of GitHub workflows. */
export const ZIZMOR: PackageSet = { name: 'zizmor', oldestPython: '3.11' };

export const PACKAGE_SETS: readonly PackageSet[] = [
  ...[UV, MLFLOW, NEWEST_MLFLOW, BASIC_AUTH, DATABASE_PACKAGES],
  ...[BOTO3, SAGEMAKER_MLFLOW, PHOENIX, MINISTACK, ROTEL, CHECK_JSONSCHEMA, ZIZMOR],
];

export const REQUIREMENTS_FOLDER: string = resolve(import.meta.dirname, '../../requirements');

/** The file with the versions and hashes of a set. */
export function requirementsOf({ name }: PackageSet): string {
  return join(REQUIREMENTS_FOLDER, `${name}.txt`);
}

/** Identifies what a set consists of now. */
export function fingerprintOf(set: PackageSet): string {
  return createHash('sha256')
    .update(readFileSync(requirementsOf(set)))
    .digest('hex');
}
