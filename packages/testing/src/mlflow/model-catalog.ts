import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { installMlflow } from './install.js';

const FIND = 'import importlib.util; print(importlib.util.find_spec("mlflow").submodule_search_locations[0])';

/** Installs MLflow if needed. Returns the address of the price lists in it, for `MLFLOW_MODEL_CATALOG_URI`. */
export async function modelCatalogUri(): Promise<string> {
  const { python } = await installMlflow(() => {});
  const { stdout: folder } = await execa(python, ['-c', FIND]);
  return pathToFileURL(join(folder, 'utils', 'model_catalog')).href;
}
