-- What measures.py asks, worked out once: from the tables of the truth, and a view of each extract with its persons.

-- One row per person and source: in how many rows she stands there, and in how many of them with each mistake.
create table registered as select dataset, person, count(*) as rows from records group by all;
create table mistaken as
select dataset, person, error, count(*) as rows
from errors join records using (dataset, record_id)
group by all;

-- Follow-ups of women that start within the cohorts; with the reoffences that were proven, which are those committed in
-- 365 days and decided in 182 more.
create table followed as
select row_number() over () as number, f.*
from follow_ups f join people using (person)
where people.sex = 'F' and f.start between getvariable('cohorts_from') and getvariable('cohorts_to');
create table reoffended as
select f.*, counted.reoffences
from followed f join (
    select f.number, count(c.person) as reoffences
    from followed f left join court c
      on c.person = f.person and c.breach = 'N' and c.offence_date between f.start + 1 and f.start + 365
     and c.outcome_date <= f.start + 365 + 182
    group by f.number
) counted using (number);

-- Follow-ups of women alive and at liberty on day 30, and whether an out-of-work benefit was paid on it.
create table at_liberty_on_day_30 as
with inside as (
    select distinct f.number from followed f join prison p
      on p.person = f.person and p.reception_date <= f.start + 30
     and (p.release_date is null or p.release_date > f.start + 30)
), paid as (
    select distinct f.number from followed f join dwp c
      on c.person = f.person and c.benefit in ('UC', 'ESA', 'JSA') and c.start_date <= f.start + 30
     and (c.end_date is null or c.end_date >= f.start + 30)
)
select f.person, paid.number is not null as on_benefit
from followed f join people using (person) left join paid using (number)
where (people.died is null or people.died > f.start + 30) and f.number not in (select number from inside);

-- Women's releases within the cohorts, and where they spent the first night.
create table discharged as
select p.person, p.discharge_accommodation
from prison p join people using (person)
where people.sex = 'F' and p.discharge_accommodation <> ''
  and p.release_date between getvariable('cohorts_from') and getvariable('cohorts_to');

-- Women's orders within the cohorts, in England.
create table ordered_in_england as
select f.*
from followed f join (
    select person, start_date, any_value(region) as region from probation where disposal in ('CO', 'SSO') group by all
) p on p.person = f.person and p.start_date = f.start
where f.disposal in ('CO', 'SSO') and p.region like 'E%';

-- Women's treatments that began within 21 days of a follow-up, at least a year before the records end, with their state
-- after that year.
create table begun_soon as
with after_which as (
    select t.episode_id, max_by(f.disposal, f.start) as disposal
    from ndtms t join follow_ups f on f.person = t.person and t.treatment_start between f.start and f.start + 21
    group by t.episode_id
)
select
    t.person, a.disposal, t.substance,
    case when t.discharge_date is null or t.discharge_date > t.treatment_start + 365 then 'STILL'
         else t.discharge_reason end as a_year_on
from ndtms t join after_which a using (episode_id) join people using (person)
where people.sex = 'F' and t.treatment_start < getvariable('data_to') - 365;

-- One record of each person in each of three sources that hold names in clear, drawn by its record id, which is random;
-- and the pairs of them. A pseudo-postcode is none.
create table written as
select 'court' as dataset, person, min(offence_id) as record_id, min_by({forename: forenames, surname: surname,
    born: date_of_birth, postcode: postcode}, offence_id) as said from court group by person
union all
select 'prison', person, min(booking_id), min_by({forename: first_name, surname: last_name,
    born: date_of_birth, postcode: discharge_postcode}, booking_id) from prison group by person
union all
select 'probation', person, min(review_id), min_by({forename: forename, surname: surname,
    born: date_of_birth, postcode: postcode}, review_id) from probation group by person;
create macro plain(name) as replace(replace(upper(strip_accents(name)), '-', ' '), '''', '');
create table plainly as
select
    dataset, person, sex, said.born as born, [surname_0, surname_1, surname_2][lawful_surname + 1] as lawful,
    plain(split_part(said.forename, ' ', 1)) || ' ' || plain(said.surname) as name,
    case when said.postcode not in ('NF1 1NF', 'NF1 1FA', 'ZZ99 3VZ')
         then regexp_replace(replace(said.postcode, ' ', ''), '...$', '') end as district
from written join names using (dataset, record_id) join people using (person);
create table pairs as
select
    person, l.sex, l.name = r.name as same_name, l.born = r.born as same_birth,
    l.district <> r.district as other_district, l.lawful <> r.lawful as other_surname
from plainly l join plainly r using (person)
where l.dataset < r.dataset;
