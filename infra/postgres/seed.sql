-- Products 1 to 10000, the same ones every time: everything is computed from the id. Run by apps/api/src/migrate.ts on
-- an empty table, in the transaction that holds the table's lock.

-- No outbox rows: an id that never had a row can be in no cache but as "there is none", and the seed runs before the
-- first replica starts. Ten thousand rows would only be work for a relay that has nothing to invalidate.
ALTER TABLE public.products DISABLE TRIGGER products_to_outbox;

INSERT INTO public.products (id, sku, name, description, category, price_cents, stock)
WITH shelves (shelf, category, code, base_cents, nouns) AS (
  VALUES
    (0, 'audio', 'AUD', 3900, ARRAY['Headphones', 'Bookshelf Speaker', 'Turntable', 'Soundbar', 'Microphone', 'Radio']),
    (1, 'bags', 'BAG', 2900, ARRAY['Backpack', 'Messenger Bag', 'Weekender', 'Tote', 'Sling', 'Pannier']),
    (2, 'bedding', 'BED', 1900, ARRAY['Duvet Cover', 'Pillow', 'Fitted Sheet', 'Blanket', 'Mattress Topper', 'Throw']),
    (3, 'bicycles', 'BIK', 4900, ARRAY['City Bike', 'Gravel Bike', 'Saddle', 'Handlebar', 'Wheelset', 'Floor Pump']),
    (4, 'board-games', 'BGM', 1400, ARRAY['Strategy Game', 'Card Game', 'Dice Game', 'Puzzle', 'Party Game', 'Expansion']),
    (5, 'cameras', 'CAM', 9900, ARRAY['Mirrorless Camera', 'Prime Lens', 'Tripod', 'Camera Strap', 'Flash', 'Filter Kit']),
    (6, 'climbing', 'CLM', 1700, ARRAY['Harness', 'Rope', 'Carabiner Set', 'Chalk Bag', 'Helmet', 'Quickdraw']),
    (7, 'coffee', 'COF', 900, ARRAY['Espresso Beans', 'Filter Beans', 'Hand Grinder', 'Dripper', 'Gooseneck Kettle', 'Scale']),
    (8, 'cookware', 'COO', 2400, ARRAY['Frying Pan', 'Saucepan', 'Dutch Oven', 'Wok', 'Baking Tray', 'Stock Pot']),
    (9, 'desks', 'DSK', 7900, ARRAY['Standing Desk', 'Writing Desk', 'Corner Desk', 'Monitor Arm', 'Cable Tray', 'Drawer Unit']),
    (10, 'garden', 'GRD', 1200, ARRAY['Watering Can', 'Pruning Shears', 'Planter', 'Rake', 'Garden Hose', 'Cold Frame']),
    (11, 'keyboards', 'KEY', 5900, ARRAY['Mechanical Keyboard', 'Split Keyboard', 'Keycap Set', 'Number Pad', 'Wrist Rest', 'Switch Pack']),
    (12, 'kids', 'KID', 1100, ARRAY['Building Blocks', 'Balance Bike', 'Picture Book', 'Marble Run', 'Play Kitchen', 'Night Light']),
    (13, 'knives', 'KNV', 3400, ARRAY['Chef''s Knife', 'Paring Knife', 'Bread Knife', 'Whetstone', 'Knife Block', 'Cleaver']),
    (14, 'lighting', 'LGT', 2700, ARRAY['Desk Lamp', 'Floor Lamp', 'Pendant', 'Wall Light', 'Lantern', 'Light Strip']),
    (15, 'outdoor', 'OUT', 3200, ARRAY['Two-Person Tent', 'Sleeping Bag', 'Camp Stove', 'Headlamp', 'Trekking Poles', 'Dry Bag']),
    (16, 'running', 'RUN', 2200, ARRAY['Trail Shoes', 'Road Shoes', 'Running Vest', 'Rain Shell', 'Cap', 'Socks']),
    (17, 'stationery', 'STA', 400, ARRAY['Fountain Pen', 'Notebook', 'Pencil Set', 'Ink Bottle', 'Desk Pad', 'Ruler']),
    (18, 'tea', 'TEA', 700, ARRAY['Green Tea', 'Black Tea', 'Oolong', 'Teapot', 'Tasting Set', 'Infuser']),
    (19, 'tools', 'TLS', 1600, ARRAY['Cordless Drill', 'Screwdriver Set', 'Hand Saw', 'Spirit Level', 'Socket Set', 'Toolbox'])
), words (makers, traits) AS (
  VALUES (
    ARRAY['Aldermoor', 'Brennick', 'Corvane', 'Dunmarra', 'Elsavik', 'Fenwold', 'Grenholt', 'Hartlow', 'Ilvar', 'Juniper & Co'],
    ARRAY['Compact', 'Classic', 'Light', 'Pro', 'Everyday', 'Heritage', 'Studio', 'Travel', 'Premium', 'Essential', 'Slim']
  )
), numbered AS (
  -- 1 to 500 within each of the 20 shelves.
  SELECT id, id % 20 AS shelf, (id - 1) / 20 AS place FROM generate_series(1, 10000) AS id
)
SELECT
  n.id,
  format('%s-%s', s.code, lpad(n.id::text, 5, '0')),
  format('%s %s %s %s', maker, trait, noun, 100 + n.place),
  format('%s by %s, from the %s range.', noun, maker, lower(trait)),
  s.category,
  -- Ends in 99 or 49, between the shelf's least price and about eight times it.
  s.base_cents * (4 + n.id * 37 % 29) / 4 / 100 * 100 + CASE n.id % 3 WHEN 0 THEN 49 ELSE 99 END,
  -- Some of everything, a few sold out.
  CASE WHEN n.id % 41 = 0 THEN 0 ELSE 5 + n.id * 73 % 240 END
FROM numbered n
JOIN shelves s USING (shelf)
CROSS JOIN words w
CROSS JOIN LATERAL (
  SELECT w.makers[1 + n.place % 10] AS maker, w.traits[1 + n.place % 11] AS trait, s.nouns[1 + n.place / 7 % 6] AS noun
) AS named
ORDER BY n.id;

ALTER TABLE public.products ENABLE TRIGGER products_to_outbox;
SELECT setval('public.products_id_seq', 10000);
ANALYZE public.products;
