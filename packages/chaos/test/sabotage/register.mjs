// For `node --import`: from here on modules are loaded as the hooks beside this file change them.
import { register } from 'node:module';

register('./hooks.mjs', import.meta.url, { data: { sabotage: process.env.CHAOS_SABOTAGE } });
