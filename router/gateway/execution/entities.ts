import type { Path } from '../planning/plan.ts';
import { isObject, type JsonObject, type TypeTest } from './values.ts';

export type ResponsePath = readonly (string | number)[];

/** Visits every object at a path of the answer, in order. */
export type Visit = (data: JsonObject, found: (entity: JsonObject) => void) => void;

/** Compiles a path into the visit of the objects there. */
export function compilePath(path: Path, isOf: TypeTest): Visit {
  const visit = stepsFrom(path, 0, isOf);
  return (data, found) => visit(data, found);
}

type Step = (value: unknown, found: (entity: JsonObject) => void) => void;

function stepsFrom(path: Path, at: number, isOf: TypeTest): Step {
  const step = path[at];
  if (step === undefined) return everyObject;
  const next = stepsFrom(path, at + 1, isOf);
  if (step === 'each') {
    return (value, found) => {
      if (Array.isArray(value)) for (const item of value) next(item, found);
    };
  }
  if ('field' in step) {
    const { field } = step;
    const visit: Step = (value, found) => {
      // A planner leaves out `each` where it knows what follows, and in lists of lists of lists.
      if (Array.isArray(value)) for (const item of value) visit(item, found);
      else if (isObject(value)) next(value[field], found);
    };
    return visit;
  }
  const { types } = step;
  const matches = (value: unknown) => isObject(value) && types.some((type) => isOf(value['__typename'], type));
  const visit: Step = (value, found) => {
    if (Array.isArray(value)) for (const item of value) visit(item, found);
    else if (matches(value)) next(value, found);
  };
  return visit;
}

function everyObject(value: unknown, found: (entity: JsonObject) => void): void {
  if (Array.isArray(value)) for (const item of value) everyObject(item, found);
  else if (isObject(value)) found(value);
}

/** Where the objects at a path are: for errors only, so it need not be fast. */
export function placesAt(path: Path, data: JsonObject, isOf: TypeTest): Map<JsonObject, ResponsePath[]> {
  const places = new Map<JsonObject, ResponsePath[]>();
  const visit = (value: unknown, at: number, place: ResponsePath): void => {
    if (Array.isArray(value)) {
      const next = path[at] === 'each' ? at + 1 : at;
      value.forEach((item: unknown, index) => visit(item, next, [...place, index]));
      return;
    }
    if (!isObject(value)) return;
    const step = path[at];
    if (step === undefined) places.set(value, [...(places.get(value) ?? []), place]);
    else if (step === 'each') visit(value, at + 1, place);
    else if ('field' in step) visit(value[step.field], at + 1, [...place, step.field]);
    else if (step.types.some((type) => isOf(value['__typename'], type))) visit(value, at + 1, place);
  };
  visit(data, 0, []);
  return places;
}
