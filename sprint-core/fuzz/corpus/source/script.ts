import { a } from './b';
import c from "@/d";
const e = require('../a/b.py'); // import './no'
const r = /[/]'/; export * from `x${await import('./b')}`;
