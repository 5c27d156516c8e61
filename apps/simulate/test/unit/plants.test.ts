/** Bugs can be planted where they are meant to be, and nothing of them is in the product. */
import { describe, expect, it } from '@jest/globals'
import { plantedSource } from '../../../../tools/plants/bundle.mjs'
import { PLANTS } from '../../../../tools/plants/plants.mjs'

describe('planted bugs', () => {
  it('are at least 24, each with a name of its own', () => {
    expect(PLANTS.length).toBeGreaterThanOrEqual(24)
    expect(new Set(PLANTS.map(({ name }) => name)).size).toBe(PLANTS.length)
  })

  it.each(PLANTS.map((plant) => [plant.name, plant] as const))(
    '%s has its place',
    (_name, plant) => {
      expect(plantedSource(plant)).toContain(plant.replace)
    },
  )
})
