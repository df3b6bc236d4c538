import type { Pinned } from './tarball.ts';

/** A product's history: where its packages keep the migrations, and how those are written. */
export interface Product {
  readonly name: string;
  readonly layout: 'sql' | 'db-migrate' | 'typeorm' | 'mikro-orm' | 'knex';
  /** Their migrations run in this order. */
  readonly packages: readonly (Pinned & { readonly folders: readonly string[] })[];
  readonly variables?: Readonly<Record<string, string>>;
  /** Files of other packages that its migrations require, by the name they require. */
  readonly requires?: Readonly<Record<string, Pinned & { readonly file: string }>>;
  /** What the product's runner sends before its first migration. */
  readonly bootstrap?: string;
  /** Its figures were taken before anybody looked at it. */
  readonly heldOut?: true;
  /** How many statements the server refuses here, for want of a role, or because a temporary table did not outlive its transaction. */
  readonly refused?: number;
}

export const PRODUCTS: readonly Product[] = [
  {
    name: 'paperclip',
    refused: 5,
    layout: 'sql',
    packages: [
      {
        name: '@paperclipai/db',
        version: '2026.824.1',
        integrity: 'sha512-8iLAsKHOtwKgWMM9lm/n2adQyhnEsTMZ2bpI5aXre6NDl9LU/xJ1hZx0lLcLfcZMs8Et/buLM+UsEX9zrhhcAw==',
        folders: ['dist/migrations'],
      },
    ],
  },
  {
    name: 'unleash',
    refused: 5,
    bootstrap: `CREATE TABLE IF NOT EXISTS "migrations" ("id" SERIAL PRIMARY KEY NOT NULL, "name" VARCHAR (255) NOT NULL, "run_on" TIMESTAMP NOT NULL)`,
    layout: 'db-migrate',
    packages: [
      {
        name: 'unleash-server',
        version: '7.5.1',
        integrity: 'sha512-Kp8C9z7imgkclgxT42mYgmd1wxDV+WC9cuCLcFfewRA/WpMpP4vkbiLt+I+sKxjnHrIAI2kzZQz41lKuFpI4gg==',
        folders: ['dist/migrations'],
      },
    ],
  },
  {
    name: 'flowise',
    bootstrap: `CREATE EXTENSION IF NOT EXISTS "uuid-ossp"`,
    layout: 'typeorm',
    packages: [
      {
        name: 'flowise',
        version: '2.2.8',
        integrity: 'sha512-quHiX3QNR9G6FRmriR8kJVvN5MesVypM6lUS6vBbhmPNY7Oxqxa5deH7GKiYfyDF5axblx3GFHpPVzAD6wTbRg==',
        folders: ['dist/database/migrations/postgres'],
      },
    ],
  },
  {
    name: 'medusa',
    layout: 'mikro-orm',
    requires: {
      '@medusajs/framework/utils': {
        name: '@medusajs/utils',
        version: '2.21.2',
        integrity: 'sha512-ZuzwLBd8KAIbTXEFbN15ZH84VNzZogw0dVEsfLSk+ka4CUO01nEAbxSLXwK3MnUQ/FMi0athJFdE1YjGNQYzWg==',
        file: 'dist/common/alter-columns-helper.js',
      },
    },
    packages: [
      {
        name: '@medusajs/api-key',
        version: '2.21.2',
        integrity: 'sha512-5Eio1pTV42eHkvnvAvSI6DsvuQi4lilyUw1s0gc02XLqDT4jAVVlfEyWHGCzBjWtz4CZk0eila3X4qr9V+QyqA==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/auth',
        version: '2.21.2',
        integrity: 'sha512-Ol3ah1zcr9ZaiXjiAnDeAXkDcJCC1izZoSfg4LK/PYss//Xf1QIKnH0uBmvb+BmcpFReR9w2ZdFylKQA9sqTJQ==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/cart',
        version: '2.21.2',
        integrity: 'sha512-ZPG6Fbl5lU86OzI3O3BiA2umePC0GF3z9hhDb9IHSuffm0mbXm8IZyE9huNXCw9YF+Vf9/532iFpbUFf1d2oFw==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/currency',
        version: '2.21.2',
        integrity: 'sha512-Gy6zxOsO6qHLMtY/GvLdFyzoOj3+YslSDFLQMw70A/QpBUm/yiDdQog2qa7gZjWIARp0zbZnyi8szq9rjbGRfQ==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/customer',
        version: '2.21.2',
        integrity: 'sha512-l7PbtrZq1U7wQTtLOM1GqXMFEyOXHlgo9GhBe+/xBpepQR9y8fnaSjxrq9V5iho8f/FAQV1yJlaOnyrxDE04Fw==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/fulfillment',
        version: '2.21.2',
        integrity: 'sha512-Z54je4dYWkhuSuQDGUSmNDLGHbse2DBEIR3NjsyU3FclPid7uJ5rwaz52+DSnUCLYDDSR2cyniZN7eKQQeweJA==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/inventory',
        version: '2.21.2',
        integrity: 'sha512-hANJnNVLgEujWbIdtIv3sNqE3M6HgFfBouew793fKAew2maiihMs4O3An+0utS0iEcXIX38trib/CuwmGAddWA==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/notification',
        version: '2.21.2',
        integrity: 'sha512-FhaVb3Z7H/CiKBWDU8EZO6/2pcMJbxmUepEmjyKUWzwW7/rBOgasATYk3doAowafZxwo1/hn1Sg9BwMNQ/3IQg==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/order',
        version: '2.21.2',
        integrity: 'sha512-3yHznzM7ZIyIDTpUuVFQe/H/Pb8oqXV69TgYiaK1wpXWXYO/np0bI/uzF1z8QG7QDiF3WQgncwQLZiAneSwt/A==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/payment',
        version: '2.21.2',
        integrity: 'sha512-984CeSVNqd10ZviF7zlyT87MNqUufmec7ZkmJemwSzf4SHJxZJancujJio+l1YzT/F1oQJ5GwjW09I6qAqE+LA==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/pricing',
        version: '2.21.2',
        integrity: 'sha512-/Pv0LKwcyhQxtORTmYOjgy8ZzYjxdgl4qoz4uS+Nu9NnF3V8ZBu3p/HaH70fj3pdh7mvxi7H/qo8u+Gw+R20Pw==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/product',
        version: '2.21.2',
        integrity: 'sha512-BUg+el+LDnJD9bGnDY7EoRLw+QZAaiWjbujnY62FMH7IEXojRCOlkhObQejYGb7H2V16Sw8P0aZlr3POw9dQ5A==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/promotion',
        version: '2.21.2',
        integrity: 'sha512-nCOMuxwxEUjthiPAghiBcvwjdzvOd4R47XGYRiu/+b7Gh1oeMROd8XISudIQi8ai93f49wRRab9XGe94nir3dw==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/region',
        version: '2.21.2',
        integrity: 'sha512-z2fBQ/Jk+AQL3LLWcbe/UsXa1QFs0m4p9Ie82WtVE40qNcVwZDnCp297m8SXcxYxsp5PFnJmtLxI1VfonNP7lA==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/sales-channel',
        version: '2.21.2',
        integrity: 'sha512-PeHVKr3yoZHtruKzpj0wPqXTcpyEq4kgtOBw1Eaipg8E1M6Hf7ClzOWDR2dI1Y2rMIbpZNA4DU+JHLpepdrlHw==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/stock-location',
        version: '2.21.2',
        integrity: 'sha512-pkkbvB9dqaas8g9PZsicY4NCQtgNb2A7I+y2lenYpHO9rW1B8H6rkkbpsNB5shDc4oHl4sdSXVV6DblyhTx6hw==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/store',
        version: '2.21.2',
        integrity: 'sha512-Te24z3Xl5TE4es2d7c3Um5y7k+LLxUaW43pkSdZAinrrvNooqtnxSotun2sfXF4CAgf8k+0KDk8hKF2whgw4eg==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/tax',
        version: '2.21.2',
        integrity: 'sha512-JEIpE8SimsMwcWhi4VhWiUR+ZydUnnFVpIuEFvqB/pA/cX2kIhw1Veai6ARefqqgYbUXNf0NaZTC+T5sjrdV3g==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/user',
        version: '2.21.2',
        integrity: 'sha512-T24zRqqTgZerBdM2hrYXdt0Ol66MSswJQ9Nni8/Tpt2GBrZi+j9s2N+pqNipkPYyZOQl0lOEAfhk0ZXOFVF4lw==',
        folders: ['dist/migrations'],
      },
      {
        name: '@medusajs/workflow-engine-redis',
        version: '2.21.2',
        integrity: 'sha512-Mt+ig0W8zG7KSZ5/1BjOhrMQ5M5Ce30XyOFCJaORUheIzbYfysM5Z3dptogSnNsR3m94JmVw/Hj7yI2jOJXEWQ==',
        folders: ['dist/migrations'],
      },
    ],
  },
  {
    name: 'stripe-sync-engine',
    bootstrap: `CREATE SCHEMA IF NOT EXISTS stripe`,
    layout: 'sql',
    packages: [
      {
        name: '@supabase/stripe-sync-engine',
        version: '0.48.5',
        integrity: 'sha512-+LbtJH8n5Xiu289AL3FuWFdKXd0K7kDF0z4Lm+zMYoImWmOuGd3TgSx9gm/nv4nzLooOmIxGZh6LojoYBcJM+g==',
        folders: ['dist/migrations'],
      },
    ],
  },
  {
    name: 'legal-ai',
    layout: 'sql',
    packages: [
      {
        name: '@danielcok17/prisma-db',
        version: '1.20.36',
        integrity: 'sha512-BxGjG71pOTbKsNWsdn9etxAfDDMjA3OyJIkN6T+DmWGaK/YtS+F0LqD932kCN4Sc663kx9wBUyu+t5a6hRv3nw==',
        folders: ['prisma/migrations'],
      },
    ],
  },
  {
    name: 'workflow-world',
    layout: 'sql',
    packages: [
      {
        name: '@workflow/world-postgres',
        version: '4.3.7',
        integrity: 'sha512-rozAdL5dCTZ+XUkaQCkIz0TFIzr4aqgZfIw9XjId5beF0Ag8/WkQYG3UqrpsQNTbmIWwJkAzOCn1YkmDTd1Dzw==',
        folders: ['src/drizzle/migrations'],
      },
    ],
  },
  {
    name: 'local-mcp',
    layout: 'sql',
    packages: [
      {
        name: '@dxheroes/local-mcp-database',
        version: '0.7.2',
        integrity: 'sha512-5KYVFgyf/PIV6kK1h1BhZpE/luotXlKWMBMqsbLCxET6RmiMYRUq7KDMJR4t4qul5lZrG9vqBL+kcFBcUlo/Ow==',
        folders: ['prisma/migrations'],
      },
    ],
  },
  {
    name: 'dataqueue',
    layout: 'sql',
    packages: [
      {
        name: '@nicnocquee/dataqueue',
        version: '1.24.0',
        integrity: 'sha512-8h7OgavX+mOA9apOp9wbWtZzVsoTxxYE9izTtIrnQVej/IpTzSALEvNUdGKlr9SwVAR7Gb+E25fY4f/wB88mpw==',
        folders: ['migrations'],
      },
    ],
  },
  {
    name: 'mux-sync-engine',
    refused: 3,
    layout: 'sql',
    packages: [
      {
        name: '@mux/sync-engine',
        version: '0.0.5',
        integrity: 'sha512-OwwxA7+K4dFfafMy7kp0+lyR4y/Iu3IJijnogXX7qhZP1rPVxmB0wXfpm0N+UvpSSqbjQQAeobROFTLo2pAyew==',
        folders: ['dist/migrations'],
      },
    ],
  },
  {
    name: 'backstage-catalog',
    layout: 'knex',
    packages: [
      {
        name: '@backstage/plugin-catalog-backend',
        version: '4.0.0',
        integrity: 'sha512-G90XYW+/YDdxsShzz4FYQuvQhsQ3P+VENyzqB96nk0d1mcf1zzGwqyGkSxIU+xOo+GWljmmIN8PDfoFFWONCLA==',
        folders: ['migrations'],
      },
    ],
  },
  {
    name: 'cumulus',
    layout: 'knex',
    packages: [
      {
        name: '@cumulus/db',
        version: '21.0.0',
        integrity: 'sha512-UmlLBF3ORVJJ2Zx9Sn74x89ytt2NXD723AKR7silro2VvEen2Hp/LteEeoAt4WZbFsUIiiBGzRAw+MobrIocKg==',
        folders: ['dist/migrations'],
      },
    ],
  },
  {
    name: 'backstage-auth',
    heldOut: true,
    layout: 'knex',
    packages: [
      {
        name: '@backstage/plugin-auth-backend',
        version: '0.30.1',
        integrity: 'sha512-+zW6R7EKuOCrRbX3JWHZXz/f+8evnGYQPRvaYnGtmNYcK8M4ZJo60xb3u1LgvtxP73vih5Y2RGHFydL4G6hAfw==',
        folders: ['migrations'],
      },
    ],
  },
  {
    name: 'backstage-scaffolder',
    heldOut: true,
    layout: 'knex',
    packages: [
      {
        name: '@backstage/plugin-scaffolder-backend',
        version: '4.2.0',
        integrity: 'sha512-aFZ++hHHTVsa1vCzN+sJFjbOz5mKEUL0jjjY10bK/vF3FD1F9CPQllzyW0/u8pIAa4UA8LTjjxAx/iMr+jNsIw==',
        folders: ['migrations'],
      },
    ],
  },
  {
    name: 'backstage-scheduler',
    heldOut: true,
    layout: 'knex',
    packages: [
      {
        name: '@backstage/backend-defaults',
        version: '0.18.0',
        integrity: 'sha512-ApKGI5Zho3MAB1UUUdQYvm693cTT0+Ioj6Iu5c0zdTvzeBY+tH1W/RzwpYEGjXWPCHaGLW/0YDzF0McaWU3eZw==',
        folders: ['migrations/scheduler'],
      },
    ],
  },
  {
    name: 'backstage-search-pg',
    heldOut: true,
    layout: 'knex',
    packages: [
      {
        name: '@backstage/plugin-search-backend-module-pg',
        version: '0.5.59',
        integrity: 'sha512-JH94vxuPVSGnfJ9nHNNCk4/EUkCLEVciZBhu1Zq+p4nVhRkB8/HyYfepnNOqCxIgWJfRUyPFCzrmpA3Bg3PNQw==',
        folders: ['migrations'],
      },
    ],
  },
  {
    name: 'backstage-notifications',
    heldOut: true,
    layout: 'knex',
    packages: [
      {
        name: '@backstage/plugin-notifications-backend',
        version: '0.6.9',
        integrity: 'sha512-cZiiticaJ67NJLndnAO6K4f9YeWjBVCW70xn4XW8Mo78Nr5oJbffKjd2zxoqKWCpSSYj12nKLV0HwRo5IqXIKw==',
        folders: ['migrations'],
      },
    ],
  },
  {
    name: 'backstage-tech-insights',
    heldOut: true,
    layout: 'knex',
    packages: [
      {
        name: '@backstage-community/plugin-tech-insights-backend',
        version: '3.1.0',
        integrity: 'sha512-EZa4/k+XiC0lWNH6rec5Z3jbNaxOzQPIbOmwlV2kOoPkZS1u+O/QNQviKl20Q63Femln1LT9ZyJ2jTm7ujDO+Q==',
        folders: ['migrations'],
      },
    ],
  },
  {
    name: 'backstage-bazaar',
    heldOut: true,
    layout: 'knex',
    packages: [
      {
        name: '@backstage-community/plugin-bazaar-backend',
        version: '0.27.0',
        integrity: 'sha512-xlKpFzI+7anD2WzgIKlRrpo8+92vfzB7lEShNIh6irC++zLsrQVZ3HgoFLOPLwhe40ZxtNvbiQJQm4JyZCQ4Hg==',
        folders: ['migrations'],
      },
    ],
  },
  {
    name: 'sabcon',
    heldOut: true,
    refused: 1,
    layout: 'sql',
    packages: [
      {
        name: '@juliobrim/prisma-shared',
        version: '1.0.59',
        integrity: 'sha512-AvOEhuua8e/ua2LM1o91tvzEfwqmlCE53WV6VJQTaYpDVwT/JIkc5tXpaxjnhZ/N/oPJR/6AAEfEy0raj/EVKw==',
        folders: ['migrations'],
      },
    ],
  },
];
