import { Module } from '@nestjs/common';
import { ApiRole } from './api-role.ts';

@Module({ providers: [ApiRole] })
export class ApiModule {}
