import adapter from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';
import { mlflowBedrock } from 'mlflow-bedrock/vite';
import { defineConfig } from 'vite';

export default defineConfig({ plugins: [mlflowBedrock(), sveltekit({ adapter: adapter() })] });
